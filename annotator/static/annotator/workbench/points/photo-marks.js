/** How each point looks on the photograph: by whether it is answered, in the part in work, current. */

import { drawCross, drawDisc, drawHollow, drawNumbered, drawWithout } from "./dots.js";
import { pointColour } from "./point-colours.js";

/** @typedef {import("./answers.js").PhotoPoint} PhotoPoint */
/**
 * @typedef {object} Mark
 * @property {string} key
 * @property {number} x px of the crop
 * @property {number} y
 * @property {"current" | "placed" | "without" | "open"} kind without: cannot tell, not this part
 * @property {boolean} isNear in the part in work
 * @property {number} number
 * @property {string} fill
 * @property {string} ink
 * @property {boolean} isDoubtful
 */

/**
 * @param {PhotoPoint[]} points
 * @param {import("./answers.js").Draft} draft
 * @param {Set<string>} doubtful
 * @param {Map<number, string>} partColours
 * @returns {Mark[]} in drawing order, the current point last
 */
export function marksOf(points, draft, doubtful, partColours) {
  const { part } = /** @type {PhotoPoint} */ (points.find((point) => point.key === draft.current));
  const rank = (/** @type {Mark} */ mark) => (mark.kind === "current" ? 2 : mark.isNear ? 1 : 0);
  return points
    .map((point) => {
      const answer = draft.answers[point.key];
      const isNear = point.part === part;
      const colour = isNear
        ? pointColour(point.number, point.ofPart)
        : { fill: partColours.get(point.part) ?? "#888888", ink: "#15191a" };
      /** @type {Mark["kind"]} */
      const kind = point.key === draft.current ? "current"
        : !answer ? "open"
        : answer.status === "placed" ? "placed" : "without";
      const { key, x, y, number } = point;
      return { key, x, y, kind, isNear, number, ...colour, isDoubtful: doubtful.has(key) };
    })
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y CSS px
 * @param {Mark} mark
 */
export function drawMark(context, x, y, mark) {
  if (mark.kind === "current") drawCross(context, x, y);
  else if (mark.kind === "open") drawHollow(context, x, y, mark.isNear ? 5 : 3);
  else if (mark.kind === "without") drawWithout(context, x, y, mark.isNear ? 5 : 3.5);
  else if (mark.isNear) drawNumbered(context, x, y, mark);
  else drawDisc(context, x, y, 3, mark.fill);
}
