/**
 * Where the current point would lie if the surface ran on as it does between its placed neighbours: a hint, never an answer.
 *
 * In the view that suits the point, photograph and picture of the surface are alike nearby: a turn and a scale, and with three
 * neighbours or more a slant too. That map is fitted to the nearest neighbours and carries the point over.
 */

import { nearestSurfacePoint, pixelIn } from "./surface-point.js";

/** @typedef {import("./pick-map.js").PartSurface} PartSurface */
/** @typedef {import("./placed-points.js").PlacedOnSurface} PlacedOnSurface */
/** @typedef {import("./views-pane.js").Cursor} Cursor */
/** @typedef {{dx: number, dy: number, du: number, dv: number, weight: number}} Pair from the middle: px of the photograph, px of the view */

const N_NEAREST = 4;
/** Farther from the neighbours' middle than so many times their spread, it would be a guess. */
const MAX_REACH = 2.5;
/** Beside the body by less than this share of the picture still means its outline. */
const SNAP_SHARE = 1 / 16;
/** Neighbours that no map carries over better than this, in shares of their spread, contradict each other. */
const MAX_MISFIT = 0.35;
/** How much a slant must earn over turn and scale alone, in shares of the neighbours' spread. */
const STIFFNESS = 0.15;

/**
 * @param {PartSurface} surface
 * @param {number} view 1..6, the one that suits the point
 * @param {{x: number, y: number}} here the point, px of the photograph
 * @param {PlacedOnSurface[]} placed other points of the part, without doubtful ones
 * @returns {Cursor | null} null where the neighbours do not say
 */
export function neighbourHint(surface, view, here, placed) {
  const square = (/** @type {PlacedOnSurface} */ other) => (other.x - here.x) ** 2 + (other.y - here.y) ** 2;
  const near = placed.filter(({ pixels }) => pixels[view - 1]).sort((a, b) => square(a) - square(b)).slice(0, N_NEAREST);
  if (near.length < 2) return null;
  const nearest = square(near[0]) + 1;
  const weights = near.map((other) => nearest / (square(other) + nearest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (/** @type {(other: PlacedOnSurface) => number} */ of) => near.reduce((sum, other, i) => sum + weights[i] * of(other), 0) / total;
  const pixel = (/** @type {PlacedOnSurface} */ { pixels }) => /** @type {import("./camera.js").Pixel} */ (pixels[view - 1]);
  const middle = { x: mean(({ x }) => x), y: mean(({ y }) => y), u: mean((other) => pixel(other)[0]), v: mean((other) => pixel(other)[1]) };
  const pairs = near.map((other, i) => ({
    dx: other.x - middle.x, dy: other.y - middle.y, du: pixel(other)[0] - middle.u, dv: pixel(other)[1] - middle.v, weight: weights[i] / total,
  }));
  const spread = sum(pairs, ({ dx, dy }) => dx * dx + dy * dy);
  const [dx, dy] = [here.x - middle.x, here.y - middle.y];
  if (spread === 0 || dx * dx + dy * dy > MAX_REACH ** 2 * spread) return null;
  const [a, b, c, d] = fit(pairs, spread);
  const misfit = sum(pairs, (pair) => (a * pair.dx + b * pair.dy - pair.du) ** 2 + (c * pair.dx + d * pair.dy - pair.dv) ** 2);
  if (misfit > MAX_MISFIT ** 2 * sum(pairs, ({ du, dv }) => du * du + dv * dv)) return null;
  const point = nearestSurfacePoint(surface, view, middle.u + a * dx + b * dy, middle.v + c * dx + d * dy, surface.size * SNAP_SHARE);
  const at = point && pixelIn(surface, view, point);
  return point && at && { view, x: at[0], y: at[1], point };
}

/**
 * The map (a b; c d) from the photograph to the view.
 * @param {Pair[]} pairs @param {number} spread weighted mean square distance on the photograph
 * @returns {[number, number, number, number]}
 */
function fit(pairs, spread) {
  // Turn and scale: neither mirrors, as photograph and views both look from outside.
  const turn = sum(pairs, ({ dx, dy, du, dv }) => dx * du + dy * dv) / spread;
  const twist = sum(pairs, ({ dx, dy, du, dv }) => dx * dv - dy * du) / spread;
  /** @type {[number, number, number, number]} */
  const rigid = [turn, -twist, twist, turn];
  if (pairs.length < 3) return rigid;
  // Least squares, drawn towards turn and scale: neighbours in a row say nothing of what lies across it.
  const pull = STIFFNESS * spread;
  const [xx, xy, yy] = [sum(pairs, ({ dx }) => dx * dx) + pull, sum(pairs, ({ dx, dy }) => dx * dy), sum(pairs, ({ dy }) => dy * dy) + pull];
  const determinant = xx * yy - xy * xy;
  const row = (/** @type {number} */ withX, /** @type {number} */ withY) => [(withX * yy - withY * xy) / determinant, (withY * xx - withX * xy) / determinant];
  const [a, b] = row(sum(pairs, ({ du, dx }) => du * dx) + pull * rigid[0], sum(pairs, ({ du, dy }) => du * dy) + pull * rigid[1]);
  const [c, d] = row(sum(pairs, ({ dv, dx }) => dv * dx) + pull * rigid[2], sum(pairs, ({ dv, dy }) => dv * dy) + pull * rigid[3]);
  return a * d - b * c > 0 ? [a, b, c, d] : rigid;
}

/** @param {Pair[]} pairs @param {(pair: Pair) => number} of */
const sum = (pairs, of) => pairs.reduce((total, pair) => total + pair.weight * of(pair), 0);
