/** How the six pictures of a part are framed: all at one scale, each around its own body, so that they compare. */

import { bodyBounds, N_VIEWS } from "./pick-map.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */

/** Share of the frame left free around the body in a cell; the caption lies there. */
export const FRAME_MARGIN = 0.1;
/** The best view's picture is this much larger; its cell is not. */
const BEST_GROWTH = 1.12;
export const BEST_MARGIN = ((1 + 2 * FRAME_MARGIN) / BEST_GROWTH - 1) / 2;

/**
 * @param {import("./pick-map.js").PartSurface} surface
 * @returns {Rect[]} by view number - 1, in px of the pictures
 */
export function framesOf(surface) {
  const boxes = Array.from({ length: N_VIEWS }, (_, i) => bodyBounds(surface, i + 1) ?? [0, 0, surface.size, surface.size]);
  const width = Math.max(...boxes.map(([left, , right]) => right - left));
  const height = Math.max(...boxes.map(([, top, , bottom]) => bottom - top));
  return boxes.map(([left, top, right, bottom]) => ({
    x: (left + right - width) / 2,
    y: (top + bottom - height) / 2,
    width,
    height,
  }));
}
