/** What the label map tells about the picture: the outline of a part, and on which side the person's right lies. */

/** @typedef {Float32Array} Loop x, y pairs of a closed line, px of the label map */

/**
 * The outlines of one part: closed lines along the borders between cells, corners cut.
 * @param {Uint8Array} labels row-major @param {number} width @param {number} height @param {number} part
 * @returns {Loop[]}
 */
export function outlineOf(labels, width, height, part) {
  const next = borders(labels, width, height, part);
  const stride = width + 1;
  /** @type {Loop[]} */
  const loops = [];
  for (const start of next.keys()) {
    /** @type {number[]} */
    const corners = [];
    for (let at = start, ends = next.get(at); ends?.length; ends = next.get(at)) {
      corners.push(at % stride, Math.floor(at / stride));
      at = /** @type {number} */ (ends.pop());
    }
    // Middles of the steps first: a staircase becomes a straight slope.
    if (corners.length) loops.push(cutCorners(middles(Float32Array.from(corners))));
  }
  return loops;
}

/**
 * Steps of one cell along the border, the part on the right-hand side.
 * @param {Uint8Array} labels @param {number} width @param {number} height @param {number} part
 * @returns {Map<number, number[]>} from a cell corner (row * (width + 1) + column) to the next ones
 */
function borders(labels, width, height, part) {
  const stride = width + 1;
  /** @type {Map<number, number[]>} */
  const next = new Map();
  const step = (/** @type {number} */ from, /** @type {number} */ to) => {
    const ends = next.get(from);
    if (ends) ends.push(to);
    else next.set(from, [to]);
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      if (labels[i] !== part) continue;
      const corner = y * stride + x;
      if (y === 0 || labels[i - width] !== part) step(corner, corner + 1);
      if (x === width - 1 || labels[i + 1] !== part) step(corner + 1, corner + 1 + stride);
      if (y === height - 1 || labels[i + width] !== part) step(corner + 1 + stride, corner + stride);
      if (x === 0 || labels[i - 1] !== part) step(corner + stride, corner);
    }
  }
  return next;
}

/** @param {Loop} loop @returns {Loop} the middles of its sides */
function middles(loop) {
  const n = loop.length;
  return loop.map((value, i) => (value + loop[(i + 2) % n]) / 2);
}

/** Chaikin's corner cutting, once: each side keeps its middle half. @param {Loop} loop @returns {Loop} */
function cutCorners(loop) {
  const n = loop.length / 2;
  const cut = new Float32Array(loop.length * 2);
  for (let i = 0; i < n; i += 1) {
    const j = (i + 1) % n;
    for (let axis = 0; axis < 2; axis += 1) {
      const [from, to] = [loop[i * 2 + axis], loop[j * 2 + axis]];
      cut[i * 4 + axis] = 0.75 * from + 0.25 * to;
      cut[i * 4 + 2 + axis] = 0.25 * from + 0.75 * to;
    }
  }
  return cut;
}

/**
 * The box around closed lines.
 * @param {Loop[]} loops at least one
 * @returns {import("../core/viewport.js").Rect}
 */
export function boundsOf(loops) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const loop of loops) {
    for (let i = 0; i < loop.length; i += 2) {
      [left, right] = [Math.min(left, loop[i]), Math.max(right, loop[i])];
      [top, bottom] = [Math.min(top, loop[i + 1]), Math.max(bottom, loop[i + 1])];
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/**
 * On which side of the picture the person's right lies: by the painted parts of either side.
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
