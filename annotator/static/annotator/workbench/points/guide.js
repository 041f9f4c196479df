/**
 * Which of the six views to look at first: the one that faces the placed neighbours of the current point best.
 */

import { facing, pixelIn } from "./surface-point.js";
import { N_VIEWS } from "./pick-map.js";

/** @typedef {import("./surface-point.js").SurfacePoint} SurfacePoint */
/** @typedef {import("./camera.js").Vector3} Vector3 */

/** How many of the nearest placed points have a say. */
const N_NEAREST = 3;
/** A view already in front is kept unless another is better by this factor: the eye should not jump for nothing. */
const WORTH_A_JUMP = 1.15;

/**
 * The view that suits a point.
 * @param {import("./pick-map.js").PartSurface} surface
 * @param {{ x: number, y: number }} here the current point on the photograph
 * @param {{ x: number, y: number, point: SurfacePoint, normal: Vector3 }[]} placed the part's placed points
 * @param {number} usual 1..6: the view in front now, and the answer while nothing is placed
 * @returns {number} 1..6
 */
export function suitableView(surface, here, placed, usual) {
  const square = (/** @type {{ x: number, y: number }} */ other) => (other.x - here.x) ** 2 + (other.y - here.y) ** 2;
  const nearest = [...placed].sort((a, b) => square(a) - square(b)).slice(0, N_NEAREST);
  if (!nearest.length) return usual;
  const scale = square(nearest[nearest.length - 1]) + 1;
  const scores = Array.from({ length: N_VIEWS }, (_, i) =>
    nearest.reduce((sum, neighbour) => {
      if (!pixelIn(surface, i + 1, neighbour.point)) return sum;
      return sum + facing(surface, i + 1, neighbour.normal) / (1 + square(neighbour) / scale);
    }, 0),
  );
  const best = scores.indexOf(Math.max(...scores)) + 1;
  return scores[best - 1] > scores[usual - 1] * WORTH_A_JUMP ? best : usual;
}
