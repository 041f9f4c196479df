/** Edits of whole parts and regions: decide, clear, swap sides, take hints. Each leaves the document ready to be committed. */

import { HINT, N_VALUES, PART_BITS } from "./cells.js";
import { regionAt } from "./raster.js";

/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {import("./label-document.js").Decision} Decision */
/** @typedef {import("../core/viewport.js").Point} Point */

/** A part is done; its hint is taken. @param {LabelDocument} document @param {number} part @returns {boolean} false: there is nothing of it */
export function finishPart(document, part) {
  if (document.areas[part] + document.areas[part | HINT] === 0) return false;
  document.takeHint(part);
  document.decide(part, "done");
  return true;
}

/** All hints become annotations. @param {LabelDocument} document */
export function takeAllHints(document) {
  for (let part = 1; part < HINT; part += 1) if (document.areas[part | HINT] > 0) finishPart(document, part);
}

/** Not to be seen: nothing of it stays. A second time takes that back. @param {LabelDocument} document @param {number} part */
export function markNotVisible(document, part) {
  if (document.decided.get(part) === "not_visible") return document.decide(part, null);
  clearPart(document, part);
  document.decide(part, "not_visible");
}

/** @param {LabelDocument} document @param {number} part */
export function clearPart(document, part) {
  if (document.areas[part] > 0) document.replace(part, 0);
  if (document.areas[part | HINT] > 0) document.replace(part | HINT, 0);
  document.decide(part, null);
}

/**
 * The region at a point changes to the other side; where there is no sided region, the two sides of a part change places.
 * @param {LabelDocument} document
 * @param {Point | null} at image pixels
 * @param {number} part
 * @param {Map<number, number>} mirrors
 */
export function swapRegion(document, at, part, mirrors) {
  const value = at ? document.valueAt(at.x, at.y) : 0;
  const mirror = mirrors.get(value & PART_BITS) ?? 0;
  if (at && mirror !== 0 && mirror !== (value & PART_BITS)) {
    const { rows } = regionAt(document.cells, document.width, document.height, Math.floor(at.x), Math.floor(at.y));
    for (const [row, first, last] of rows) document.paintRow(row, first + 0.5, last + 0.5, mirror | (value & HINT), { kind: "all" });
    return;
  }
  const other = mirrors.get(part) ?? part;
  if (other !== part) swapParts(document, new Map([[part, other], [other, part]]));
}

/** @param {LabelDocument} document @param {Map<number, number>} mirrors */
export function swapPerson(document, mirrors) {
  swapParts(document, mirrors);
}

/** @param {LabelDocument} document @param {Map<number, number>} into part to part, both ways */
function swapParts(document, into) {
  document.mapValues(Uint8Array.from({ length: N_VALUES }, (_, value) => (into.get(value & PART_BITS) ?? value & PART_BITS) | (value & HINT)));
  const before = new Map(document.decided);
  for (const [part, other] of into) document.decide(other, before.get(part) ?? null);
}
