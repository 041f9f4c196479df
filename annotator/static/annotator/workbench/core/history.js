/**
 * Undo and redo as inverse deltas. An entry is plain data (structured-clonable) made after the edit, holding what is
 * needed to go both ways; the document knows how to apply it. Entries are handed to a keeper as they come, so undo survives a reload.
 */

/** About what a user never meets; the oldest entries go first. */
const MAX_BYTES = 96 << 20;

/**
 * @template D
 * @typedef {object} HistoryKeeper Where entries live across a reload; index counts from the start of the task.
 * @property {(index: number, delta: D) => void} put keep an entry and forget all after it
 * @property {(position: number) => void} move remember how many entries are done
 */

/**
 * @template D
 */
export class History {
  /** @type {(delta: D, direction: "undo" | "redo") => void} */
  #apply;
  /** @type {HistoryKeeper<D> | null} */
  #keeper;
  /** @type {(delta: D) => number} */
  #sizeOf;
  /** @type {D[]} */
  #entries = [];
  #position = 0;
  // Entries dropped from the front, so that the keeper's indices stay true.
  #dropped = 0;
  #bytes = 0;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {object} options
   * @param {(delta: D, direction: "undo" | "redo") => void} options.apply
   * @param {HistoryKeeper<D>} [options.keeper]
   * @param {(delta: D) => number} [options.sizeOf] bytes of an entry, about
   */
  constructor({ apply, keeper, sizeOf = () => 256 }) {
    this.#apply = apply;
    this.#keeper = keeper ?? null;
    this.#sizeOf = sizeOf;
  }

  get canUndo() {
    return this.#position > 0;
  }

  get canRedo() {
    return this.#position < this.#entries.length;
  }

  /** Entries done since the start of the task. */
  get position() {
    return this.#dropped + this.#position;
  }

  /**
   * Take up an edit that was just made; what could be redone is forgotten.
   * @param {D} delta
   */
  push(delta) {
    for (const gone of this.#entries.splice(this.#position)) this.#bytes -= this.#sizeOf(gone);
    this.#entries.push(delta);
    this.#bytes += this.#sizeOf(delta);
    this.#position += 1;
    while (this.#bytes > MAX_BYTES && this.#entries.length > 1) {
      const oldest = /** @type {D} */ (this.#entries.shift());
      this.#bytes -= this.#sizeOf(oldest);
      this.#dropped += 1;
      this.#position -= 1;
    }
    this.#keeper?.put(this.position - 1, delta);
    this.#moved();
  }

  /** @returns {boolean} whether there was something to undo */
  undo() {
    if (!this.canUndo) return false;
    this.#position -= 1;
    this.#apply(this.#entries[this.#position], "undo");
    this.#moved();
    return true;
  }

  /** @returns {boolean} whether there was something to redo */
  redo() {
    if (!this.canRedo) return false;
    const delta = this.#entries[this.#position];
    this.#position += 1;
    this.#apply(delta, "redo");
    this.#moved();
    return true;
  }

  /**
   * Take up what a keeper kept. The document must already be in the state after `position` entries.
   * @param {D[]} entries
   * @param {number} position
   * @param {number} [dropped] index of the first entry
   */
  restore(entries, position, dropped = 0) {
    this.#entries = [...entries];
    this.#dropped = dropped;
    this.#position = Math.max(0, Math.min(position - dropped, entries.length));
    this.#bytes = entries.reduce((sum, delta) => sum + this.#sizeOf(delta), 0);
    this.#tell();
  }

  /** Undo or redo until so many entries are done. @param {number} position */
  goTo(position) {
    while (this.position > position && this.undo());
    while (this.position < position && this.redo());
  }

  clear() {
    this.restore([], 0);
  }

  /**
   * @param {() => void} listener called when undo or redo became possible or impossible
   * @returns {() => void}
   */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #moved() {
    this.#keeper?.move(this.position);
    this.#tell();
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}
