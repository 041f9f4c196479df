/** Tidying of one part, on request: a smoother outline; specks gone and small holes closed. Each leaves the document ready to be committed. No DOM here. */

import { holes, largest, specks, valuesAround } from "./checks.js";
import { HINT } from "./cells.js";
import { regionAt } from "./raster.js";

/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */

const RADIUS = 2;

/**
 * A cell follows the majority of the square around it. The part grows only into what is empty; where it shrinks, the neighbour follows.
 * @param {LabelDocument} document @param {number} part
 */
export function smoothPart(document, part) {
  const { cells, width, height } = document;
  if (document.areas[part] === 0) return;
  const before = cells.slice();
  const { sums, last } = sumsOf(before, width, height, part);
  const first = Math.floor(before.indexOf(part) / width);
  const half = (2 * RADIUS + 1) ** 2 / 2;
  for (let y = Math.max(0, first - RADIUS); y <= Math.min(height - 1, last + RADIUS); y += 1) {
    const [top, bottom] = [Math.max(0, y - RADIUS), Math.min(height, y + RADIUS + 1)];
    for (let x = 0; x < width; x += 1) {
      const value = before[y * width + x];
      if (value !== part && value !== 0 && value < HINT) continue;
      const [left, right] = [Math.max(0, x - RADIUS), Math.min(width, x + RADIUS + 1)];
      const stride = width + 1;
      const count = sums[bottom * stride + right] - sums[top * stride + right] - sums[bottom * stride + left] + sums[top * stride + left];
      // At the border of the crop the square is cut: a half is a half of what is there.
      const limit = half * ((bottom - top) * (right - left)) / (2 * RADIUS + 1) ** 2;
      if (value === part && count < limit) document.paintRow(y, x + 0.5, x + 0.5, commonest(before, width, { left, top, right, bottom }, part), { kind: "all" });
      else if (value !== part && count > limit) document.paintRow(y, x + 0.5, x + 0.5, part, { kind: "all" });
    }
  }
}

/** Specks take the value around them, small holes the part's. @param {LabelDocument} document @param {number} part @returns {number} how many */
export function cleanPart(document, part) {
  const { cells, width, height } = document;
  let count = 0;
  for (const speck of specks(document).filter((one) => one.part === part)) {
    const row = speck.rect.y;
    let x = speck.rect.x;
    while (cells[row * width + x] !== part) x += 1;
    const { rows } = regionAt(cells, width, height, x, row);
    const value = largest(valuesAround(cells, width, height, rows));
    for (const [y, first, last] of rows) document.paintRow(y, first + 0.5, last + 0.5, value, { kind: "all" });
    count += 1;
  }
  for (const hole of holes(document).filter((one) => one.part === part)) {
    for (const [y, first, last] of hole.rows) document.paintRow(y, first + 0.5, last + 0.5, part, { kind: "all" });
    count += 1;
  }
  return count;
}

/** Cells of a part above and to the left of each corner. @param {Uint8Array} cells @param {number} width @param {number} height @param {number} part @returns {{sums: Int32Array, last: number}} (height + 1) x (width + 1), and the last row with one; -1 without any */
function sumsOf(cells, width, height, part) {
  const stride = width + 1;
  const sums = new Int32Array(stride * (height + 1));
  let last = -1;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, row = 0; x < width; x += 1) {
      row += Number(cells[y * width + x] === part);
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
      if (cells[y * width + x] === part) last = y;
    }
  }
  return { sums, last };
}

/** @param {Uint8Array} cells @param {number} width @param {{left: number, top: number, right: number, bottom: number}} area @param {number} part */
function commonest(cells, width, { left, top, right, bottom }, part) {
  const counts = new Map();
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const value = cells[y * width + x];
      if (value !== part) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return largest(counts);
}
