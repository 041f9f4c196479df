/** Between the document and what the API calls a draft or an answer of parts. */

import { unpackLabelMap } from "../core/label-map.js";
import { LabelDocument } from "./label-document.js";

/**
 * @typedef {object} PartsDraft
 * @property {string} label_map base64 of zlib: what is annotated
 * @property {Record<string, import("./label-document.js").Decision>} decided
 * @property {string | null} hints base64 of zlib: what is still a suggestion
 */

/**
 * @param {PartsDraft | null} draft
 * @param {{width: number, height: number}} crop
 * @param {Uint8Array | null} suggestion where there is no draft yet
 * @returns {Promise<LabelDocument>}
 */
export async function documentOf(draft, { width, height }, suggestion) {
  if (!draft) return new LabelDocument(width, height, { hints: suggestion });
  const labels = draft.label_map ? await unpackLabelMap(draft.label_map, width, height) : null;
  const hints = draft.hints ? await unpackLabelMap(draft.hints, width, height) : null;
  return new LabelDocument(width, height, { labels, hints, decided: draft.decided });
}

/** Packs a document, and the same state of it once only. */
export class DraftPacker {
  #cells;
  /** @type {LabelDocument | null} */
  #document = null;
  #version = -1;
  /** @type {Promise<PartsDraft> | null} */
  #packed = null;

  /** @param {import("./cell-helper.js").CellHelper} cells */
  constructor(cells) {
    this.#cells = cells;
  }

  /** @param {LabelDocument} labelDocument @returns {Promise<PartsDraft>} */
  pack(labelDocument) {
    if (!this.#packed || this.#document !== labelDocument || this.#version !== labelDocument.version) {
      this.#document = labelDocument;
      this.#version = labelDocument.version;
      this.#packed = this.#pack(labelDocument);
    }
    return this.#packed;
  }

  /** @param {LabelDocument} labelDocument @returns {Promise<PartsDraft>} */
  async #pack({ committed, width, height, decided }) {
    const decisions = Object.fromEntries(decided);
    const { label_map, hints } = await this.#cells.ask("pack", { cells: committed, width, height });
    return { label_map, decided: decisions, hints };
  }
}
