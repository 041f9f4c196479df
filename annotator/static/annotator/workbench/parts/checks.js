/** What is looked at before a person is handed in. Never a silent change: each check only says what it saw. */

import { HINT } from "./cells.js";
import { regionAt } from "./raster.js";

/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {import("../core/viewport.js").Rect} Rect */

/**
 * @param {LabelDocument} document
 * @returns {boolean} whether anything at all is annotated
 */
export function hasLabels({ areas }) {
  return areas.some((area, value) => value > 0 && value < HINT && area > 0);
}

/** @param {LabelDocument} document @returns {number[]} parts that are, at least partly, still a suggestion */
export function partsWithHints({ areas }) {
  return [...areas.keys()].filter((value) => value >= HINT && areas[value] > 0).map((value) => value - HINT);
}

/**
 * Specks: pieces so small beside the rest of their part that they are probably slips.
 * @param {LabelDocument} document
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
