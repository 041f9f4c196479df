/**
 * Where a model puts a person's points: shown as a ghost until the annotator answers, taken by Enter, an answer only then.
 */

import { facing, normalAt, pixelsInAllViews, pointOf } from "./surface-point.js";

/** @typedef {import("./pick-map.js").PartSurface} PartSurface */
/** @typedef {import("./views-pane.js").Cursor} Cursor */
/** @typedef {{triangle: number, weights: [number, number, number]}} ProposedPoint triangle of the whole body */
/** @typedef {{source: "model" | "previous", points: Record<string, ProposedPoint>}} Proposal by point key */

/**
 * The cursor that a proposed point stands for, in the view that faces its place best.
 * @param {PartSurface} surface
 * @param {ProposedPoint | undefined} proposed
 * @returns {Cursor | null} null where there is none, or no view shows its place
 */
export function proposedCursor(surface, proposed) {
  const triangle = proposed ? surface.canonical.indexOf(proposed.triangle) : -1;
  if (!proposed || triangle < 0) return null;
  const point = pointOf(surface, triangle, proposed.weights);
  /** @type {Cursor | null} */
  let best = null;
  let most = 0;
  pixelsInAllViews(surface, point).forEach((pixel, i) => {
    if (!pixel) return;
    const faces = facing(surface, i + 1, normalAt(surface, point, i + 1));
    if (best && faces <= most) return;
    best = { view: i + 1, x: pixel[0], y: pixel[1], point };
    most = faces;
  });
  return best;
}
