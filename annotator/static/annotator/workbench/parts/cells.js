/** Cells of the document, a byte each: 0, a part 1..14, or a part with the HINT bit. And how they go over the wire. */

import { packLabelMap } from "../core/label-map.js";

export const HINT = 16;
export const PART_BITS = 15;
export const N_VALUES = 32;

/**
 * @param {Uint8Array} cells
 * @returns {{labels: Uint8Array, hints: Uint8Array | null}} as two maps, hints null where there are none
 */
export function splitCells(cells) {
  const labels = new Uint8Array(cells.length);
  const hints = new Uint8Array(cells.length);
  let hasHints = false;
  for (let i = 0; i < cells.length; i += 1) {
    if (cells[i] < HINT) labels[i] = cells[i];
    else {
      hints[i] = cells[i] & PART_BITS;
      hasHints = true;
    }
  }
  return { labels, hints: hasHints ? hints : null };
}

/** @param {Uint8Array} cells @returns {Promise<{label_map: string, hints: string | null}>} base64 of zlib, each */
export async function packCells(cells) {
  const { labels, hints } = splitCells(cells);
  const [label_map, packedHints] = await Promise.all([packLabelMap(labels), hints && packLabelMap(hints)]);
  return { label_map, hints: packedHints };
}
