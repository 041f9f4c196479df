/**
 * What is painted on one person: a byte for each crop pixel, and what was decided of each part. A cell holds 0, a part
 * 1..14, or a part with the HINT bit: still a suggestion. So an annotated pixel can never also be a hint. No DOM here.
 */

import { HINT, N_VALUES, PART_BITS } from "./cells.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {"done" | "not_visible" | "touched"} Decision */

/**
 * Where a stroke may paint: over all, over what no one annotated, or over one part.
 * @typedef {{kind: "all"} | {kind: "empty"} | {kind: "part", part: number}} Rule
 */

/**
 * An edit as undo keeps it, good for both directions.
 * @typedef {object} Delta
 * @property {Int32Array} runs triples: first cell, length, value before | value after << 8
 * @property {[number, Decision | null, Decision | null][]} decided part, before, after
 */

export class LabelDocument {
  width;
  height;
  /** @type {Uint8Array} */
  cells;
  /** @type {Map<number, Decision>} */
  decided = new Map();
  /** Cells of each value, as of the last commit. */
  areas = new Int32Array(N_VALUES);
  /** Grows with every commit, undo and redo. */
  version = 0;
  // As of the last commit; an edit is what differs from it inside the touched rectangle.
  #committed;
  /** @type {Map<number, Decision | null>} decisions before the edit under way */
  #decidedBefore = new Map();
  /** @type {Rect | null} since the last commit */
  #touched = null;
  /** @type {Rect | null} since the renderer last asked */
  #unpainted = null;

  /**
   * @param {number} width
   * @param {number} height
   * @param {{labels?: Uint8Array | null, hints?: Uint8Array | null, decided?: Record<string, Decision>}} [start] hints count only where nothing is annotated
   */
  constructor(width, height, { labels = null, hints = null, decided = {} } = {}) {
    this.width = width;
    this.height = height;
    this.cells = labels ? labels.slice() : new Uint8Array(width * height);
    if (hints) {
      for (let i = 0; i < hints.length; i += 1) if (hints[i] !== 0 && this.cells[i] === 0) this.cells[i] = hints[i] | HINT;
    }
    for (const [part, decision] of Object.entries(decided)) this.decided.set(Number(part), decision);
    this.#committed = this.cells.slice();
    for (let i = 0; i < this.cells.length; i += 1) this.areas[this.cells[i]] += 1;
    this.#unpainted = { x: 0, y: 0, width, height };
  }

  /** @param {number} x @param {number} y @returns {number} the cell under an image point; 0 outside */
  valueAt(x, y) {
    const column = Math.floor(x);
    const row = Math.floor(y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return 0;
    return this.cells[row * this.width + column];
  }

  /**
   * Paint the cells whose centres lie in [from, to] of a row, where the rule allows it.
   * @param {number} y row
   * @param {number} from image pixels
   * @param {number} to image pixels
   * @param {number} value
   * @param {Rule} rule
   */
  paintRow(y, from, to, value, rule) {
    if (y < 0 || y >= this.height) return;
    const first = Math.max(0, Math.ceil(from - 0.5));
    const last = Math.min(this.width - 1, Math.floor(to - 0.5));
    if (last < first) return;
    const { cells } = this;
    const start = y * this.width + first;
    const end = y * this.width + last;
    if (rule.kind === "all") {
      cells.fill(value, start, end + 1);
    } else if (rule.kind === "empty") {
      for (let i = start; i <= end; i += 1) if (cells[i] === 0 || cells[i] >= HINT) cells[i] = value;
    } else {
      for (let i = start; i <= end; i += 1) if ((cells[i] & PART_BITS) === rule.part) cells[i] = value;
    }
    this.#touch(first, y, last - first + 1, 1);
  }

  /** Paint what was worked out elsewhere for these cells. @param {Int32Array} runs as in a Delta */
  paintRuns(runs) {
    for (let r = 0; r < runs.length; r += 3) {
      const [start, length] = [runs[r], runs[r + 1]];
      this.cells.fill(runs[r + 2] >> 8, start, start + length);
      this.#touch(start % this.width, Math.floor(start / this.width), length, 1);
    }
  }

  /**
   * Give every cell another value by a table of 32.
   * @param {Uint8Array} table
   */
  mapValues(table) {
    const { cells, width } = this;
    // Only what changes is touched: taking one part's hint must not draw the whole person again.
    let [left, right, top, bottom] = [width, -1, -1, -1];
    for (let y = 0, i = 0; y < this.height; y += 1) {
      for (let x = 0; x < width; x += 1, i += 1) {
        const value = table[cells[i]];
        if (value === cells[i]) continue;
        cells[i] = value;
        if (x < left) left = x;
        if (x > right) right = x;
        if (top < 0) top = y;
        bottom = y;
      }
    }
    if (right >= 0) this.#touch(left, top, right - left + 1, bottom - top + 1);
  }

  /** The suggestion for a part becomes an annotation. @param {number} part @returns {boolean} whether there was one */
  takeHint(part) {
    if (this.areas[part | HINT] === 0) return false;
    this.replace(part | HINT, part);
    return true;
  }

  /** @param {number} from value @param {number} to value */
  replace(from, to) {
    const table = Uint8Array.from({ length: N_VALUES }, (_, value) => (value === from ? to : value));
    this.mapValues(table);
  }

  /** @param {number} part @param {Decision | null} decision */
  decide(part, decision) {
    const before = this.decided.get(part) ?? null;
    if (before === decision) return;
    if (!this.#decidedBefore.has(part)) this.#decidedBefore.set(part, before);
    if (decision === null) this.decided.delete(part);
    else this.decided.set(part, decision);
  }

  /** End the edit under way. @returns {Delta | null} null where nothing is different */
  commit() {
    const runs = this.#touched ? this.#collectRuns(this.#touched) : new Int32Array(0);
    /** @type {[number, Decision | null, Decision | null][]} */
    const decided = [];
    for (const [part, before] of this.#decidedBefore) {
      const after = this.decided.get(part) ?? null;
      if (after !== before) decided.push([part, before, after]);
    }
    this.#touched = null;
    this.#decidedBefore.clear();
    if (runs.length === 0 && decided.length === 0) return null;
    this.version += 1;
    return { runs, decided };
  }

  /** Whether an edit is under way. */
  get isTouched() {
    return this.#touched !== null;
  }

  /** The cells without the edit under way: what is saved and handed in. */
  get committed() {
    return this.#committed;
  }

  /** Give up the edit under way. */
  rollback() {
    const rect = this.#touched;
    if (rect) {
      for (let y = rect.y; y < rect.y + rect.height; y += 1) {
        const start = y * this.width + rect.x;
        this.cells.set(this.#committed.subarray(start, start + rect.width), start);
      }
      this.#unpainted = union(this.#unpainted, rect);
    }
    for (const [part, before] of this.#decidedBefore) {
      if (before === null) this.decided.delete(part);
      else this.decided.set(part, before);
    }
    this.#touched = null;
    this.#decidedBefore.clear();
  }

  /** @param {Delta} delta @param {"undo" | "redo"} direction */
  apply(delta, direction) {
    this.rollback();
    const { runs } = delta;
    const shift = direction === "undo" ? 0 : 8;
    for (let r = 0; r < runs.length; r += 3) {
      const start = runs[r];
      const length = runs[r + 1];
      const value = (runs[r + 2] >> shift) & 0xff;
      const old = (runs[r + 2] >> (8 - shift)) & 0xff;
      this.cells.fill(value, start, start + length);
      this.#committed.fill(value, start, start + length);
      this.areas[old] -= length;
      this.areas[value] += length;
      this.#unpainted = union(this.#unpainted, { x: start % this.width, y: Math.floor(start / this.width), width: length, height: 1 });
    }
    for (const [part, before, after] of delta.decided) {
      const decision = direction === "undo" ? before : after;
      if (decision === null) this.decided.delete(part);
      else this.decided.set(part, decision);
    }
    this.version += 1;
  }

  /** What changed since this was last asked. @returns {Rect | null} */
  takeUnpainted() {
    const rect = this.#unpainted;
    this.#unpainted = null;
    return rect;
  }

  /** Runs never cross a row, so a run is also a rectangle. @param {Rect} rect @returns {Int32Array} */
  #collectRuns(rect) {
    const { cells, width, areas } = this;
    const committed = this.#committed;
    const runs = [];
    for (let y = rect.y; y < rect.y + rect.height; y += 1) {
      const end = y * width + rect.x + rect.width;
      let i = y * width + rect.x;
      while (i < end) {
        const before = committed[i];
        const after = cells[i];
        if (before === after) {
          i += 1;
          continue;
        }
        const start = i;
        while (i < end && committed[i] === before && cells[i] === after) i += 1;
        runs.push(start, i - start, before | (after << 8));
        areas[before] -= i - start;
        areas[after] += i - start;
        committed.fill(after, start, i);
      }
    }
    return Int32Array.from(runs);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  #touch(x, y, width, height) {
    const rect = { x, y, width, height };
    this.#touched = union(this.#touched, rect);
    this.#unpainted = union(this.#unpainted, rect);
  }
}

/** @param {Rect | null} a @param {Rect} b @returns {Rect} */
export function union(a, b) {
  if (a === null) return { ...b };
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** @param {Delta} delta @returns {number} bytes, about */
export function sizeOfDelta(delta) {
  return delta.runs.byteLength + delta.decided.length * 24 + 64;
}
