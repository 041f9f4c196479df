/** The answers of one part, looked up on its surface: where each lies and which views show it. */

import { normalAt, pixelsInAllViews, surfacePointAt } from "./surface-point.js";

/** @typedef {import("./answers.js").Answer} Answer */
/** @typedef {import("./pick-map.js").PartSurface} PartSurface */

/**
 * @typedef {object} OnSurface
 * @property {import("./surface-point.js").SurfacePoint} point
 * @property {import("./camera.js").Vector3} normal
 * @property {import("./camera.js").Vector3} position
 * @property {(import("./camera.js").Pixel | null)[]} pixels by view number - 1
 */
/** @typedef {OnSurface & {key: string, number: number, ofPart: number, x: number, y: number, turn: number}} PlacedOnSurface */

/** Answers are never changed, only replaced; so what was looked up stays true. @type {WeakMap<Answer, OnSurface | null>} */
const known = new WeakMap();

/**
 * @param {PartSurface} surface
 * @param {import("./answers.js").PhotoPoint[]} points of the surface's part
 * @param {Record<string, Answer>} answers
 * @returns {PlacedOnSurface[]}
 */
export function placedOnSurface(surface, points, answers) {
  return points.flatMap(({ key, number, ofPart, x, y }, turn) => {
    const answer = answers[key];
    const found = answer && lookUp(surface, answer);
    return found ? [{ key, number, ofPart, x, y, turn, ...found }] : [];
  });
}

/** @param {PartSurface} surface @param {Answer} answer @returns {OnSurface | null} */
function lookUp(surface, answer) {
  if (answer.status !== "placed") return null;
  const kept = known.get(answer);
  if (kept !== undefined) return kept;
  const point = surfacePointAt(surface, answer.view, answer.x, answer.y);
  const found = point && {
    point,
    normal: normalAt(surface, point, answer.view),
    position: point.position,
    pixels: pixelsInAllViews(surface, point),
  };
  known.set(answer, found);
  return found;
}
