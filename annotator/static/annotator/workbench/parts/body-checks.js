/** Does what is painted hang together as a body does? Looked at before a person is handed in; it only says what it saw. No DOM here. */

import { HINT } from "./cells.js";

/** @typedef {import("./checks.js").Painted} Painted */
/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("../core/viewport.js").Point} Point */
/** @typedef {import("../ui/config.js").Part} Part */

/** @typedef {{x: number, y: number, area: number, rect: Rect, blocks: Point[]}} Shape centroid, cells, bounds, and the blocks of BLOCK pixels it touches */

const BLOCK = 4;
// Shares of the painted person's longer side.
const FAR = 0.14;
const NEAR = 0.05;

// COCO joints at the two ends of each limb, for the person's left; those of the right follow each.
/** @type {Record<string, [number, number]>} */
const JOINTS = { upper_arm: [5, 7], lower_arm: [7, 9], hand: [9, 9], upper_leg: [11, 13], lower_leg: [13, 15], foot: [15, 15] };

/** @param {Omit<Painted, "areas">} document @returns {Map<number, Shape>} of every part that is annotated */
export function shapesOf({ cells, width, height }) {
  /** @type {Map<number, {sumX: number, sumY: number, area: number, left: number, top: number, right: number, bottom: number, blocks: Set<number>}>} */
  const found = new Map();
  const columns = Math.ceil(width / BLOCK);
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 1) {
      const value = cells[i];
      if (value === 0 || value >= HINT) continue;
      let shape = found.get(value);
      if (!shape) found.set(value, (shape = { sumX: 0, sumY: 0, area: 0, left: x, top: y, right: x, bottom: y, blocks: new Set() }));
      shape.sumX += x + 0.5;
      shape.sumY += y + 0.5;
      shape.area += 1;
      if (x < shape.left) shape.left = x;
      if (x > shape.right) shape.right = x;
      shape.bottom = y;
      // Where a run begins or ends is enough: distances are between borders.
      if (x === 0 || x === width - 1 || cells[i - 1] !== value || cells[i + 1] !== value) shape.blocks.add(Math.floor(y / BLOCK) * columns + Math.floor(x / BLOCK));
    }
  }
  return new Map([...found].map(([part, { sumX, sumY, area, left, top, right, bottom, blocks }]) => [part, {
    x: sumX / area, y: sumY / area, area, rect: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 },
    blocks: [...blocks].map((block) => ({ x: (block % columns) * BLOCK, y: Math.floor(block / columns) * BLOCK })),
  }]));
}

/** Parts that lie far from every painted neighbour in the body. @param {Map<number, Shape>} shapes @param {Part[]} parts @returns {{part: number, rect: Rect}[]} */
export function farParts(shapes, parts) {
  const limit = FAR * sizeOf(shapes);
  return parts.flatMap(({ number, neighbours }) => {
    const shape = shapes.get(number);
    const beside = neighbours.flatMap((other) => shapes.get(other) ?? []);
    return shape && beside.length > 0 && beside.every((other) => gap(shape, other) > limit) ? [{ part: number, rect: shape.rect }] : [];
  });
}

/**
 * Sided parts that look like those of the other side: nearer to its joints in the photograph, or joined to its limb.
 * @param {Map<number, Shape>} shapes
 * @param {Part[]} parts
 * @param {number[] | null} keypoints 17 x (x, y, visibility) in pixels of the crop
 * @returns {{part: number, rect: Rect}[]} one of each pair
 */
export function swappedParts(shapes, parts, keypoints) {
  const sided = new Map(parts.map((part) => [part.number, part]));
  const found = parts.filter((part) => part.side === "right").flatMap((right) => {
    const left = /** @type {Part} */ (sided.get(right.mirror));
    const shown = [right, left].filter(({ number }) => shapes.has(number));
    if (shown.length === 0) return [];
    const looks = liesByOtherJoints(shapes, right, left, keypoints) ?? hangsOnOtherSide(shapes, shown, sided);
    return looks ? [{ part: shown[0].number, rect: /** @type {Shape} */ (shapes.get(shown[0].number)).rect }] : [];
  });
  return found;
}

/** @param {Map<number, Shape>} shapes @param {Part} right @param {Part} left @param {number[] | null} keypoints @returns {boolean | null} null: the joints do not tell */
function liesByOtherJoints(shapes, right, left, keypoints) {
  const [atRight, atLeft] = [limbAt(keypoints, right), limbAt(keypoints, left)];
  if (!atRight || !atLeft) return null;
  const apart = Math.hypot(atRight.x - atLeft.x, atRight.y - atLeft.y);
  if (apart < NEAR * sizeOf(shapes)) return null;
  let [own, other] = [0, 0];
  for (const [shape, mine, theirs] of /** @type {[Shape | undefined, Point, Point][]} */ ([[shapes.get(right.number), atRight, atLeft], [shapes.get(left.number), atLeft, atRight]])) {
    if (!shape) continue;
    own += Math.hypot(shape.x - mine.x, shape.y - mine.y);
    other += Math.hypot(shape.x - theirs.x, shape.y - theirs.y);
  }
  return other < own * 0.6;
}

/** Joined to the next limb of the other side, and not to that of its own. @param {Map<number, Shape>} shapes @param {Part[]} shown @param {Map<number, Part>} parts */
function hangsOnOtherSide(shapes, shown, parts) {
  const size = sizeOf(shapes);
  return shown.some((part) => part.neighbours.some((number) => {
    const beside = parts.get(number);
    if (!beside?.side) return false;
    const [shape, own, other] = [shapes.get(part.number), shapes.get(number), shapes.get(beside.mirror)];
    return Boolean(shape && own && other && gap(shape, other) < NEAR * size && gap(shape, own) > FAR * size);
  }));
}

/** The middle of a limb by its joints. @param {number[] | null} keypoints @param {Part} part @returns {Point | null} */
function limbAt(keypoints, { limb, side }) {
  const ends = JOINTS[limb];
  if (!keypoints || !ends) return null;
  const [a, b] = ends.map((joint) => 3 * (joint + (side === "right" ? 1 : 0)));
  if (!keypoints[a + 2] || !keypoints[b + 2]) return null;
  return { x: (keypoints[a] + keypoints[b]) / 2, y: (keypoints[a + 1] + keypoints[b + 1]) / 2 };
}

/** @param {Map<number, Shape>} shapes @returns {number} the longer side of all that is painted, pixels */
function sizeOf(shapes) {
  const rects = [...shapes.values()].map(({ rect }) => rect);
  const width = Math.max(...rects.map(({ x, width }) => x + width)) - Math.min(...rects.map(({ x }) => x));
  const height = Math.max(...rects.map(({ y, height }) => y + height)) - Math.min(...rects.map(({ y }) => y));
  return Math.max(width, height);
}

/** @param {Shape} one @param {Shape} other @returns {number} pixels between their nearest blocks */
function gap(one, other) {
  let best = Infinity;
  for (const a of one.blocks) for (const b of other.blocks) best = Math.min(best, (a.x - b.x) ** 2 + (a.y - b.y) ** 2);
  return Math.sqrt(best);
}
