// @ts-check
/** Boxes [x, y, width, height] in image pixels: moved, resized by a corner or an edge, kept inside the image. */

export const MIN_PX = 4;

/** @typedef {[number, number, number, number]} Box */
/** @typedef {"n" | "s" | "e" | "w" | "ne" | "nw" | "se" | "sw"} Side */

/** @type {Side[]} */
export const SIDES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/**
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 * @returns {Box} the box between two corners, whichever way it was dragged
 */
export function boxBetween(x0, y0, x1, y1) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

/**
 * @param {Box} box @param {number} dx @param {number} dy @param {{width: number, height: number}} image
 * @returns {Box} the box moved as far as the image lets it, its size kept
 */
export function moved([x, y, w, h], dx, dy, image) {
  return [clamp(x + dx, 0, Math.max(0, image.width - w)), clamp(y + dy, 0, Math.max(0, image.height - h)), w, h];
}

/**
 * @param {Box} box @param {Side} side @param {number} dx @param {number} dy
 * @param {{width: number, height: number}} image
 * @returns {Box} the box with one corner or edge moved; never turned inside out, never outside the image
 */
export function resized([x, y, w, h], side, dx, dy, image) {
  let [left, top, right, bottom] = [x, y, x + w, y + h];
  if (side.includes("w")) left = clamp(left + dx, 0, right - MIN_PX);
  if (side.includes("e")) right = clamp(right + dx, left + MIN_PX, image.width);
  if (side.includes("n")) top = clamp(top + dy, 0, bottom - MIN_PX);
  if (side.includes("s")) bottom = clamp(bottom + dy, top + MIN_PX, image.height);
  return [left, top, right - left, bottom - top];
}

/** @param {Box} box @param {Side} side @returns {[number, number]} where the handle of a side is */
export function handleAt([x, y, w, h], side) {
  const across = side.includes("w") ? 0 : side.includes("e") ? 1 : 0.5;
  const down = side.includes("n") ? 0 : side.includes("s") ? 1 : 0.5;
  return [x + across * w, y + down * h];
}

/** @param {Box} box @param {{width: number, height: number}} image @returns {Box} the part inside the image */
export function clipped([x, y, w, h], image) {
  const left = clamp(x, 0, image.width), top = clamp(y, 0, image.height);
  return [left, top, clamp(x + w, 0, image.width) - left, clamp(y + h, 0, image.height) - top];
}

/** @param {Box} box @returns {Box} to a hundredth of a pixel: what is stored and sent */
export function rounded(box) {
  return /** @type {Box} */ (box.map((value) => Math.round(value * 100) / 100));
}
