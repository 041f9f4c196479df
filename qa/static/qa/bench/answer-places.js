/** Where the answers to points lie on the views of a part: by the triangle of the whole body and its weights. */

import { pixelsInAllViews, surfacePointAt } from "../../annotator/workbench/points/surface-point.js";

/** @typedef {import("../../annotator/workbench/points/pick-map.js").PartSurface} PartSurface */
/** @typedef {import("../../annotator/workbench/points/surface-point.js").SurfacePoint} SurfacePoint */
/** @typedef {import("../../annotator/workbench/points/camera.js").Pixel} Pixel */

/** The part's own number of each triangle of the whole body. @type {WeakMap<PartSurface, Map<number, number>>} */
const owns = new WeakMap();

/**
 * @param {PartSurface} surface @param {number} triangle of the whole body @param {number[]} weights
 * @returns {SurfacePoint | null} null where it lies on another part
 */
export function pointOnPart(surface, triangle, weights) {
  let own = owns.get(surface);
  if (!own) {
    own = new Map(Array.from(surface.canonical, (number, i) => [number, i]));
    owns.set(surface, own);
  }
  const local = own.get(triangle);
  if (local === undefined) return null;
  const { triangles, vertices } = surface;
  const position = [0, 1, 2].map((axis) =>
    weights.reduce((sum, weight, k) => sum + weight * vertices[triangles[local * 3 + k] * 3 + axis], 0));
  return { triangle: local, weights: /** @type {any} */ (weights), position: /** @type {any} */ (position) };
}

/**
 * @param {PartSurface} surface @param {SurfacePoint | null} point
 * @returns {(Pixel | null)[]} by view number - 1
 */
export const pixelsOf = (surface, point) => (point ? pixelsInAllViews(surface, point) : Array(6).fill(null));

/**
 * @param {PartSurface} surface @param {import("./point-choice.js").Placed} answer of the reviewer
 * @returns {SurfacePoint | null}
 */
export const pointOfClick = (surface, answer) =>
  answer.status === "placed" ? surfacePointAt(surface, answer.view, answer.x, answer.y) : null;
