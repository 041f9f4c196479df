/** The questions before a person is handed in: what was seen, in words, each with a way to the place. */

import { t } from "../core/strings.js";
import { farParts, shapesOf, swappedParts } from "./body-checks.js";
import { hasLabels, holes, partsWithHints, specks } from "./checks.js";
import { HINT } from "./cells.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("../ui/shell.js").Check} Check */

/** @param {Desk} desk @param {Bundle} bundle @returns {{missing: string | null, asks: Check[]}} */
export function questionsOf(desk, bundle) {
  const labelDocument = desk.document;
  if (!labelDocument || !hasLabels(labelDocument)) return { missing: t("Nothing is painted yet"), asks: [] };
  const { parts } = desk.shell.config;
  const shapes = shapesOf(labelDocument);
  const names = (/** @type {{part: number}[]} */ found) => [...new Set(found.map(({ part }) => desk.order.part(part).name))].join(", ");
  const [tiny, open, far] = [specks(labelDocument), holes(labelDocument), farParts(shapes, parts)];
  const swapped = swappedParts(shapes, parts, keypointsInCrop(bundle));
  return { missing: null, asks: [
    ...hintsAsk(desk, labelDocument),
    ...ask(desk, tiny, tiny.length === 1 ? t("1 speck, far smaller than its part") : t("{n} specks, far smaller than their parts", { n: tiny.length })),
    ...ask(desk, open, open.length === 1 ? t("1 hole inside what is painted") : t("{n} holes inside what is painted", { n: open.length })),
    ...ask(desk, far, t("Far from the parts it belongs to: {parts}", { parts: names(far) })),
    ...ask(desk, swapped, t("Left and right look swapped: {parts}", { parts: names(swapped) })),
    ...(isInside(labelDocument, bundle) ? [] : [{ title: t("Nothing is painted inside the person’s frame"), show: () => desk.viewport.fit() }]),
  ] };
}

/** @param {Desk} desk @param {{part: number, rect: Rect}[]} found @param {string} title @returns {Check[]} */
function ask(desk, found, title) {
  const [first] = found;
  if (!first) return [];
  return [{ title, show: () => {
    desk.viewport.zoomTo(first.rect, first.rect.width + first.rect.height < 40 ? 3 : 0.5);
    desk.pick(first.part);
  } }];
}

/** @param {Desk} desk @param {LabelDocument} labelDocument @returns {Check[]} */
function hintsAsk(desk, labelDocument) {
  const hinted = partsWithHints(labelDocument);
  if (hinted.length === 0) return [];
  const names = hinted.map((part) => desk.order.part(part).name).join(", ");
  return [{ title: t("Hints left unchecked, not handed in: {parts}", { parts: names }), show: () => desk.pick(hinted[0]) }];
}

/** @param {Bundle} bundle @returns {number[] | null} */
function keypointsInCrop({ keypoints, crop }) {
  return keypoints?.map((value, i) => (i % 3 === 0 ? value - crop.x : i % 3 === 1 ? value - crop.y : value)) ?? null;
}

/** @param {LabelDocument} labelDocument @param {Bundle} bundle whether anything annotated lies in the box */
function isInside({ cells, width, height }, { box, crop }) {
  const [left, top] = [Math.max(0, Math.floor(box[0] - crop.x)), Math.max(0, Math.floor(box[1] - crop.y))];
  const [right, bottom] = [Math.min(width, Math.ceil(box[0] + box[2] - crop.x)), Math.min(height, Math.ceil(box[1] + box[3] - crop.y))];
  for (let y = top; y < bottom; y += 1) {
    for (let i = y * width + left; i < y * width + right; i += 1) if (cells[i] !== 0 && cells[i] < HINT) return true;
  }
  return false;
}
