/** What is looked at before a person is handed in. Never a silent change: each check only says what it saw. */

import { HINT } from "./cells.js";
import { regionAt } from "./raster.js";

/** @typedef {{cells: Uint8Array, width: number, height: number, areas: Int32Array}} Painted a document, or what a worker knows of it */
/** @typedef {import("../core/viewport.js").Rect} Rect */

/**
 * @param {Pick<Painted, "areas">} document
 * @returns {boolean} whether anything at all is annotated
 */
export function hasLabels({ areas }) {
  return areas.some((area, value) => value > 0 && value < HINT && area > 0);
}

/** @param {Pick<Painted, "areas">} document @returns {number[]} parts that are, at least partly, still a suggestion */
export function partsWithHints({ areas }) {
  return [...areas.keys()].filter((value) => value >= HINT && areas[value] > 0).map((value) => value - HINT);
}

/**
 * Specks: pieces so small beside the rest of their part that they are probably slips.
 * @param {Painted} document
 * @param {{share?: number, maxArea?: number}} [limits] share of the part's area, and cells, below which a piece is a speck
 * @returns {{part: number, rect: Rect}[]}
 */
export function specks({ cells, width, height, areas }, { share = 0.02, maxArea = 60 } = {}) {
  const seen = new Uint8Array(cells.length);
  const found = [];
  for (let i = 0; i < cells.length; i += 1) {
    const value = cells[i];
    // Regions begin where the cell to the left is another.
    if (value === 0 || value >= HINT || seen[i] || (i % width > 0 && cells[i - 1] === value)) continue;
    const { rows, area } = regionAt(cells, width, height, i % width, Math.floor(i / width), seen);
    if (area < maxArea && area < areas[value] * share) found.push({ part: value, rect: boundsOf(rows) });
  }
  return found;
}

/** @param {[number, number, number][]} rows @returns {Rect} */
export function boundsOf(rows) {
  const x = Math.min(...rows.map(([, first]) => first));
  const right = Math.max(...rows.map(([, , last]) => last + 1));
  const y = Math.min(...rows.map(([row]) => row));
  const bottom = Math.max(...rows.map(([row]) => row + 1));
  return { x, y, width: right - x, height: bottom - y };
}

/**
 * Holes: what is empty and enclosed, inside one part or so small that it is a crack. Larger gaps between parts are what an arm on the
 * hip leaves, and are left alone.
 * @param {Painted} document
 * @param {{share?: number, crack?: number}} [limits] share of its part's area up to which a hole is one; cells of a crack
 * @returns {{part: number, rect: Rect, rows: [number, number, number][]}[]} part: the one around it
 */
export function holes({ cells, width, height, areas }, { share = 0.15, crack = 40 } = {}) {
  const seen = new Uint8Array(cells.length);
  const found = [];
  for (let i = 0; i < cells.length; i += 1) {
    if (cells[i] !== 0 || seen[i] || (i % width > 0 && cells[i - 1] === 0)) continue;
    const { rows, area, touchesBorder } = regionAt(cells, width, height, i % width, Math.floor(i / width), seen);
    if (touchesBorder) continue;
    const around = valuesAround(cells, width, height, rows);
    const part = largest(around);
    if (part >= HINT || [...around.keys()].some((value) => value >= HINT)) continue;
    if (area < crack || (around.size === 1 && area < areas[part] * share)) found.push({ part, rect: boundsOf(rows), rows });
  }
  return found;
}

/**
 * @param {Painted} document
 * @param {Rect} box of the person, pixels
 * @param {Uint8Array | null} outline a byte for each cell, 1 on the person; null where none is known, and the box counts
 * @returns {boolean} whether anything annotated lies on the person
 */
export function isInside({ cells, width, height }, box, outline) {
  const [left, top] = [Math.max(0, Math.floor(box.x)), Math.max(0, Math.floor(box.y))];
  const [right, bottom] = [Math.min(width, Math.ceil(box.x + box.width)), Math.min(height, Math.ceil(box.y + box.height))];
  if (outline) return cells.some((value, i) => value !== 0 && value < HINT && outline[i] !== 0);
  for (let y = top; y < bottom; y += 1) {
    for (let i = y * width + left; i < y * width + right; i += 1) if (cells[i] !== 0 && cells[i] < HINT) return true;
  }
  return false;
}

/** How often each other value borders a region. @param {Uint8Array} cells @param {number} width @param {number} height @param {[number, number, number][]} rows @returns {Map<number, number>} */
export function valuesAround(cells, width, height, rows) {
  const counts = new Map();
  const own = cells[rows[0][0] * width + rows[0][1]];
  const count = (/** @type {number} */ x, /** @type {number} */ y) => {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const value = cells[y * width + x];
    if (value !== own) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const [row, first, last] of rows) {
    count(first - 1, row);
    count(last + 1, row);
    for (let x = first; x <= last; x += 1) {
      count(x, row - 1);
      count(x, row + 1);
    }
  }
  return counts;
}

/** @param {Map<number, number>} counts @returns {number} the value that is there most often; 0 without any */
export function largest(counts) {
  let best = 0;
  for (const [value, count] of counts) if (count > (counts.get(best) ?? 0)) best = value;
  return best;
}
