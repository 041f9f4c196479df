/** Packs cells in a worker; where there is none, or it fails, on the page itself. */

import { packCells } from "./cells.js";

/** @typedef {{label_map: string, hints: string | null}} PackedCells */

export class CellPacker {
  /** @type {Worker | null} */
  #worker = null;
  #lastId = 0;
  /** @type {Map<number, {cells: Uint8Array, resolve: (packed: PackedCells | Promise<PackedCells>) => void}>} */
  #waiting = new Map();

  /** @param {string | undefined} workerUrl */
  constructor(workerUrl) {
    if (!workerUrl || !globalThis.Worker) return;
    this.#worker = new Worker(workerUrl, { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.#worker.addEventListener("error", () => this.#giveUp());
  }

  /** @param {Uint8Array} cells as they are now; may change after @returns {Promise<PackedCells>} */
  pack(cells) {
    const copy = cells.slice();
    const worker = this.#worker;
    if (!worker) return packCells(copy);
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, { cells: copy, resolve });
      worker.postMessage({ id, cells: copy });
    });
  }

  /** @param {{id: number, packed?: PackedCells, error?: string}} answer */
  #answered({ id, packed }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(packed ?? packCells(waiting.cells));
  }

  /** The worker could not be had: everything is packed here from now on. */
  #giveUp() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { cells, resolve } of this.#waiting.values()) resolve(packCells(cells));
    this.#waiting.clear();
  }
}
