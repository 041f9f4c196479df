/** The outline of one part of a label map, as runs along the borders between cells. */

/**
 * @param {Uint8Array} labels row-major @param {number} width @param {number} height @param {number} part
 * @returns {[number, number, number, number][]} straight pieces x1, y1, x2, y2 in px of the label map
 */
export function outlineOf(labels, width, height, part) {
  const has = (/** @type {number} */ x, /** @type {number} */ y) =>
    x >= 0 && y >= 0 && x < width && y < height && labels[y * width + x] === part;
  /** @type {[number, number, number, number][]} */
  const pieces = [];
  for (let y = 0; y <= height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = x;
      while (x < width && has(x, y) !== has(x, y - 1)) x += 1;
      if (x > from) pieces.push([from, y, x, y]);
    }
  }
  for (let x = 0; x <= width; x += 1) {
    for (let y = 0; y < height; y += 1) {
      const from = y;
      while (y < height && has(x, y) !== has(x - 1, y)) y += 1;
      if (y > from) pieces.push([x, from, x, y]);
    }
  }
  return pieces;
}

/**
 * On which side of the picture the person's right lies: by the painted parts of either side, else by the keypoints.
 * @param {Uint8Array} labels @param {number} width
 * @param {Map<number, "right" | "left" | null>} sides of the parts
 * @returns {"left" | "right" | null} null where it cannot be told
 */
export function sideOfPersonsRight(labels, width, sides) {
  const sums = { right: [0, 0], left: [0, 0] };
  for (let i = 0; i < labels.length; i += 1) {
    const side = sides.get(labels[i]);
    if (!side) continue;
    sums[side][0] += i % width;
    sums[side][1] += 1;
  }
  if (!sums.right[1] || !sums.left[1]) return null;
  const apart = sums.left[0] / sums.left[1] - sums.right[0] / sums.right[1];
  return Math.abs(apart) < width * 0.05 ? null : apart > 0 ? "left" : "right";
}
