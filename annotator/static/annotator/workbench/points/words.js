/** What the screen says about a point, a part, an answer: for the header, and for who does not see the screen. */

import { t } from "../core/strings.js";

/** @typedef {import("./answers.js").PhotoPoint} PhotoPoint */
/** @typedef {import("./answers.js").Answer} Answer */

/** @param {Answer | null | undefined} answer */
export function answerWords(answer) {
  if (!answer) return t("open");
  if (answer.status === "placed") return t("placed");
  return answer.status === "cannot_tell" ? t("cannot tell") : t("not this part");
}

/** @param {string} text */
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {{up: string, down: string}} camera @returns {string} "Hip up, knee down" */
export const endWords = ({ up, down }) =>
  up && down ? capitalised(t("{up} up, {down} down", { up: t(up), down: t(down) })) : "";

/** @param {string} name "front-outer" @returns {string} "front, outer" */
export const viewWords = (name) => t(name);

/**
 * @param {PhotoPoint} point @param {string} partName @param {Answer | null} answer
 * @param {{isDoubtful: boolean, hint: import("./surface-side.js").HintSource | null, view: {number: number, camera: {name: string} | null}}} more view: the one that keys act on
 */
export function pointWords(point, partName, answer, { isDoubtful, hint, view }) {
  return [
    t("{part}, point {n} of {total}: {answer}", { part: partName, n: point.number, total: point.ofPart, answer: answerWords(answer) }),
    view.camera && t("View {n}, {name}", { n: view.number, name: viewWords(view.camera.name) }),
    hint === "model" && t("A model proposes a place: Enter takes it"),
    hint === "previous" && t("You placed it here before: Enter keeps it"),
    hint === "neighbours" && t("A hint is there, from its neighbours"),
    isDoubtful && t("Check: left and right?"),
  ].filter(Boolean).join(". ");
}

/** @param {string} partName @param {{done: number, total: number}} row */
export const progressWords = (partName, { done, total }) =>
  t("{part}: {done} of {total}", { part: partName, done, total });
