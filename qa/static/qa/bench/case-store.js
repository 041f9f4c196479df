/** The cases of a stage: the list, the one at hand, and the next one fetched before it is asked for. */

/** @typedef {{task: number, person: number, answers: number}} CaseRow */
/** @typedef {{data: any, image: ImageBitmap | null, prepared: any}} LoadedCase */

export class CaseStore {
  /** @type {CaseRow[]} */
  rows = [];
  at = 0;
  #load;
  /** @type {Map<number, Promise<LoadedCase>>} */
  #loaded = new Map();

  /** @param {(task: number) => Promise<LoadedCase>} load */
  constructor(load) {
    this.#load = load;
  }

  /** @param {CaseRow[]} rows @param {number | null} [first] the task to begin with */
  begin(rows, first = null) {
    this.rows = rows;
    if (first && !rows.some(({ task }) => task === first)) this.rows = [{ task: first, person: 0, answers: 0 }, ...rows];
    this.at = Math.max(0, this.rows.findIndex(({ task }) => task === first));
  }

  get current() {
    return this.rows[this.at] ?? null;
  }

  /** @returns {Promise<LoadedCase> | null} the case at hand; the one after it is fetched meanwhile */
  open() {
    const { current } = this;
    if (!current) return null;
    const loading = this.#fetch(current.task);
    const next = this.rows[this.at + 1];
    // After the one at hand, so that it is not slowed down.
    if (next) loading.then(() => this.#fetch(next.task).catch(() => {}), () => {});
    return loading;
  }

  /** @param {number} step @returns {boolean} whether there is one */
  go(step) {
    const at = this.at + step;
    if (at < 0 || at >= this.rows.length) return false;
    this.at = at;
    return true;
  }

  /** A case is settled: it leaves the list; was it at hand, the next one takes its place. @param {number} task */
  settled(task) {
    const place = this.rows.findIndex((row) => row.task === task);
    if (place < 0) return;
    this.rows.splice(place, 1);
    this.#loaded.delete(task);
    if (place < this.at) this.at -= 1;
    this.at = Math.max(0, Math.min(this.at, this.rows.length - 1));
  }

  /** Fetch the case at hand anew when it is opened next. */
  forget() {
    if (this.current) this.#loaded.delete(this.current.task);
  }

  /** @param {number} task */
  #fetch(task) {
    const kept = this.#loaded.get(task);
    if (kept) return kept;
    const loading = this.#load(task);
    this.#loaded.set(task, loading);
    loading.catch(() => this.#loaded.delete(task));
    return loading;
  }
}
