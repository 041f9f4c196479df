/** The questions before a person is handed in: what was seen, in words, each with a way to the place. */

import { t } from "../core/strings.js";
import { hasLabels, partsWithHints } from "./checks.js";
import { stateOf } from "./part-order.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./cell-jobs.js").Found} Found */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../ui/stage.js").Check} Check */

const LIST = new Intl.ListFormat(globalThis.document?.documentElement.lang || undefined);
// So many decided parts, or fewer, are asked about.
const FEW = 2;
// More parts than that are counted, not named.
const MANY = 4;
// The least of the photograph that is shown of a place in question, to each side, pixels.
const ROOM_PX = 48;

/**
 * @param {Desk} desk
 * @param {Bundle} bundle
 * @param {Uint8Array | null} outline where the person is known to be, a byte for each pixel of the crop
 * @returns {Promise<{missing: string | null, asks: Check[]}>}
 */
export async function questionsOf(desk, bundle, outline) {
  const { document } = desk;
  if (!document || !hasLabels(document)) return { missing: t("Nothing is painted yet"), asks: [] };
  const { committed: cells, width, height } = document;
  const [x, y, boxWidth, boxHeight] = bundle.box;
  const { tiny, open, far, swapped, isInside } = await desk.cells.ask("inspect", {
    cells, width, height, parts: desk.shell.config.parts, keypoints: keypointsInCrop(bundle), outline,
    box: { x: x - bundle.crop.x, y: y - bundle.crop.y, width: boxWidth, height: boxHeight },
  });
  const outside = outline ? t("Nothing is painted on the person’s outline") : t("Nothing is painted inside the person’s frame");
  return { missing: null, asks: [
    ...hintsAsk(desk),
    ...openAsk(desk),
    ...ask(desk, tiny, tiny.length === 1 ? t("1 speck, far smaller than its part") : t("{n} specks, far smaller than their parts", { n: tiny.length })),
    ...ask(desk, open, open.length === 1 ? t("1 hole inside what is painted") : t("{n} holes inside what is painted", { n: open.length })),
    ...ask(desk, far, t("Far from the parts it belongs to: {parts}", { parts: names(desk, far) })),
    ...ask(desk, swapped, t("Left and right look swapped: {parts}", { parts: names(desk, swapped) })),
    ...(isInside ? [] : [{ title: outside, show: () => desk.viewport.fit() }]),
  ] };
}

/** @param {Desk} desk @param {{part: number}[]} found */
function names({ order }, found) {
  const parts = new Set(found.map(({ part }) => order.part(part).name));
  return parts.size > MANY ? t("{n} parts", { n: parts.size }) : LIST.format(parts);
}

/** Each time it is asked for, the next place is shown. @param {Desk} desk @param {Found[]} found @param {string} title @returns {Check[]} */
function ask(desk, found, title) {
  let next = 0;
  const show = () => {
    const { part, rect } = found[next % found.length];
    next += 1;
    desk.viewport.zoomTo(withRoom(rect), 0.5);
    desk.pick(part);
  };
  return found.length > 0 ? [{ title, show }] : [];
}

/**
 * Parts left open by a slip of the hand, neither painted nor said to be hidden: most of the person, or one between two that are painted.
 * What else is left open is taken for hidden, without a question.
 * @param {Desk} desk @returns {Check[]}
 */
function openAsk(desk) {
  const { document, order, shell: { config: { parts } } } = desk;
  if (!document) return [];
  const open = parts.filter(({ number }) => stateOf(document, number) === "none");
  if (open.length >= parts.length - FEW) {
    const others = parts.filter((part) => !open.includes(part)).map(({ number }) => ({ part: number }));
    return [{ title: t("All but this is left open: {parts}", { parts: names(desk, others) }), show: () => desk.toNextOpen() }];
  }
  const isPainted = (/** @type {number} */ part) => document.areas[part] > 0;
  const between = order.sorted(open.filter(({ neighbours }) => neighbours.filter(isPainted).length > 1).map(({ number }) => number));
  if (between.length === 0) return [];
  const title = t("Left open between painted parts: {parts}", { parts: names(desk, between.map((part) => ({ part }))) });
  return [{ title, show: () => desk.pick(between[0]) }];
}

/** A speck alone says nothing: what lies around it is shown too. @param {import("../core/viewport.js").Rect} rect */
function withRoom({ x, y, width, height }) {
  const [moreX, moreY] = [Math.max(0, ROOM_PX - width) / 2, Math.max(0, ROOM_PX - height) / 2];
  return { x: x - moreX, y: y - moreY, width: width + 2 * moreX, height: height + 2 * moreY };
}

/** @param {Desk} desk @returns {Check[]} */
function hintsAsk(desk) {
  const hinted = desk.document ? desk.order.sorted(partsWithHints(desk.document)) : [];
  if (hinted.length === 0) return [];
  const parts = names(desk, hinted.map((part) => ({ part })));
  return [{ title: t("Hints left unchecked, not handed in: {parts}", { parts }), show: () => desk.pick(hinted[0]) }];
}

/** @param {Bundle} bundle @returns {number[] | null} */
function keypointsInCrop({ keypoints, crop }) {
  return keypoints?.map((value, i) => (i % 3 === 0 ? value - crop.x : i % 3 === 1 ? value - crop.y : value)) ?? null;
}
