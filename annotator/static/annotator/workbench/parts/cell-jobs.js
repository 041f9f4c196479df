/** What is done with all cells of a document at once: packed, looked over, smoothed, tidied. Runs in a worker; no DOM here. */

import { farParts, shapesOf, swappedParts } from "./body-checks.js";
import { N_VALUES, packCells } from "./cells.js";
import { holes, isInside, specks } from "./checks.js";
import { LabelDocument } from "./label-document.js";
import { cleanPart, smoothPart } from "./tidy.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {{part: number, rect: Rect}} Found */

/** @typedef {{cells: Uint8Array, width: number, height: number}} Cells */

/**
 * @typedef {object} Inspection What was seen; nothing is changed.
 * @property {Found[]} tiny specks
 * @property {Found[]} open holes
 * @property {Found[]} far
 * @property {Found[]} swapped
 * @property {boolean} isInside whether anything lies on the person
 */

/**
 * @typedef {object} Jobs
 * @property {(asked: Cells) => Promise<{label_map: string, hints: string | null}>} pack
 * @property {(asked: Cells & {parts: import("../ui/config.js").Part[], keypoints: number[] | null, box: Rect, outline: Uint8Array | null}) => Inspection} inspect
 * @property {(asked: Cells & {part: number}) => {runs: Int32Array, count: number}} smooth
 * @property {(asked: Cells & {part: number}) => {runs: Int32Array, count: number}} clean
 */

/** @type {Jobs} */
const JOBS = {
  pack: ({ cells }) => packCells(cells),
  inspect: ({ cells, width, height, parts, keypoints, box, outline }) => {
    const areas = new Int32Array(N_VALUES);
    for (const value of cells) areas[value] += 1;
    const document = { cells, width, height, areas };
    const shapes = shapesOf(document);
    return {
      tiny: specks(document), open: holes(document).map(({ part, rect }) => ({ part, rect })),
      far: farParts(shapes, parts), swapped: swappedParts(shapes, parts, keypoints), isInside: isInside(document, box, outline),
    };
  },
  smooth: (asked) => edited(asked, (document) => smoothPart(document, asked.part)),
  clean: (asked) => edited(asked, (document) => cleanPart(document, asked.part)),
};

/**
 * @template {keyof Jobs} K
 * @param {K} kind
 * @param {Parameters<Jobs[K]>[0]} asked
 * @returns {Promise<Awaited<ReturnType<Jobs[K]>>>}
 */
export async function doJob(kind, asked) {
  return /** @type {any} */ (JOBS[kind])(asked);
}

/** @param {Cells} asked @param {(document: LabelDocument) => number | void} edit gives how many places it changed, where it counts them @returns {{runs: Int32Array, count: number}} what the edit changes, as undo keeps it */
function edited({ cells, width, height }, edit) {
  const document = new LabelDocument(width, height, { labels: cells });
  const count = edit(document) ?? 0;
  return { runs: document.commit()?.runs ?? new Int32Array(0), count };
}
