/** Asks the worker for what is done with all cells of a document; where there is none, or it fails, the page does it itself. */

/** @typedef {import("./cell-jobs.js").Jobs} Jobs */

export class CellHelper {
  /** @type {Worker | null} */
  #worker;
  #lastId = 0;
  /** @type {Map<number, {kind: keyof Jobs, asked: any, resolve: (answer: any) => void}>} */
  #waiting = new Map();

  /** @param {string} workerUrl */
  constructor(workerUrl) {
    this.#worker = new Worker(workerUrl, { type: "module" });
    this.#worker.addEventListener("message", ({ data: { id, answer } }) => this.#answered(id, answer));
    this.#worker.addEventListener("error", () => this.#giveUp());
  }

  /**
   * @template {keyof Jobs} K
   * @param {K} kind
   * @param {Parameters<Jobs[K]>[0]} asked cells as they are now; they may change after
   * @returns {Promise<Awaited<ReturnType<Jobs[K]>>>}
   */
  ask(kind, asked) {
    const worker = this.#worker;
    const copy = { ...asked, cells: asked.cells.slice() };
    if (!worker) return doHere(kind, copy);
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, { kind, asked: copy, resolve });
      worker.postMessage({ id, kind, asked: copy });
    });
  }

  /** @param {number} id @param {any} answer undefined: the worker failed */
  #answered(id, answer) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(answer ?? doHere(waiting.kind, waiting.asked));
  }

  /** The worker could not be had: everything is done here from now on. */
  #giveUp() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { kind, asked, resolve } of this.#waiting.values()) resolve(doHere(kind, asked));
    this.#waiting.clear();
  }
}

/** @param {keyof Jobs} kind @param {any} asked @returns {Promise<any>} */
async function doHere(kind, asked) {
  const { doJob } = await import("./cell-jobs.js");
  return doJob(kind, asked);
}
