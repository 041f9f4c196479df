/**
 * What a reviewer decides about the points of a person: an answer to start from, and for some points another answer or a
 * place of the reviewer's own. Nothing here is sent before it is accepted.
 */

/** @typedef {{status: "placed", view: number, x: number, y: number} | {status: "cannot_tell"} | {status: "not_this_part"}} Placed */
/** @typedef {{kind: "answer", index: number} | {kind: "own", answer: Placed}} Source */

export class PointChoice {
  /** @type {Map<string, Source>} */
  #own = new Map();
  base;
  /** Whether this is what the answers come to together, unchanged. */
  isMerged = false;

  /** @param {number} base index of the answer to start from */
  constructor(base = 0) {
    this.base = base;
  }

  /** @param {string} key @returns {Source} where this point's answer comes from */
  sourceOf(key) {
    return this.#own.get(key) ?? { kind: "answer", index: this.base };
  }

  /** @param {string} key @param {number} index take this point from an answer */
  take(key, index) {
    this.isMerged = false;
    if (index === this.base) this.#own.delete(key);
    else this.#own.set(key, { kind: "answer", index });
  }

  /** @param {number} index start from this answer, and forget what differed */
  takeAll(index) {
    this.isMerged = false;
    this.base = index;
    this.#own.clear();
  }

  /** Take each point from the answer that stands there. @param {string[]} keys @param {number[]} sources index of the answer, by point */
  takeEach(keys, sources) {
    const standing = new Map();
    for (const source of sources) standing.set(source, (standing.get(source) ?? 0) + 1);
    this.takeAll([...standing].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0);
    keys.forEach((key, row) => this.take(key, sources[row]));
    this.isMerged = true;
  }

  /** @param {string} key @param {Placed} answer a place of the reviewer's own */
  place(key, answer) {
    this.isMerged = false;
    this.#own.set(key, { kind: "own", answer });
  }

  /** Whether one answer is taken as it is. */
  get isPlain() {
    return this.#own.size === 0;
  }

  /** How many points differ from the answer to start from. */
  get changed() {
    return this.#own.size;
  }

  /**
   * @param {{id: number}[]} answers
   * @returns {{submission: number, taken: Record<string, number>, placed: Record<string, Placed>}} as the API wants it
   */
  payload(answers) {
    /** @type {Record<string, number>} */
    const taken = {};
    /** @type {Record<string, Placed>} */
    const placed = {};
    for (const [key, source] of this.#own) {
      if (source.kind === "own") placed[key] = source.answer;
      else taken[key] = answers[source.index].id;
    }
    return { submission: answers[this.base].id, taken, placed };
  }
}
