/** Brush and eraser: round ends, pen pressure, straight strokes with Shift. */

import { paintSegment } from "../raster.js";
import { touchPart } from "./tool.js";

/** @typedef {import("./tool.js").Sample} Sample */
/** @typedef {import("./tool.js").Bench} Bench */
/** @typedef {import("./tool.js").Tool} Tool */
/** @typedef {import("../label-document.js").Rule} Rule */

/** Pressing lightly paints half as wide. @param {Sample} sample @param {number} radius */
function pressed(sample, radius) {
  return sample.isPen ? radius * (0.5 + 0.5 * Math.min(1, sample.pressure * 1.4)) : radius;
}

/** @implements {Tool} */
export class BrushTool {
  name;
  isBusy = false;
  #bench;
  #isEraser;
  /** What the stroke under way leaves. */
  #value = 0;
  /** @type {Rule} */
  #rule = { kind: "all" };
  /** @type {Sample | null} */
  #last = null;
  /** Where the last stroke ended, for a straight one from there. @type {Sample | null} */
  #end = null;

  /** @param {Bench} bench @param {{isEraser?: boolean}} [options] */
  constructor(bench, { isEraser = false } = {}) {
    this.#bench = bench;
    this.#isEraser = isEraser;
    this.name = isEraser ? "eraser" : "brush";
  }

  /** @param {Sample} sample */
  down(sample) {
    const document = this.#bench.document();
    if (!document) return;
    this.isBusy = true;
    const erases = this.#isEraser || sample.isRubber;
    this.#value = erases ? 0 : this.#bench.part();
    this.#rule = this.#bench.rule(sample);
    // Erasing "only what is empty" would do nothing.
    if (erases && this.#rule.kind === "empty") this.#rule = { kind: "all" };
    touchPart(this.#bench, this.#value);
    this.#last = sample.isStraight && this.#end ? this.#end : sample;
    this.move([sample]);
  }

  /** @param {Sample[]} samples */
  move(samples) {
    const document = this.#bench.document();
    if (!this.isBusy || !document || !this.#last) return;
    const paintRow = (/** @type {number} */ y, /** @type {number} */ from, /** @type {number} */ to) => document.paintRow(y, from, to, this.#value, this.#rule);
    for (const sample of samples) {
      paintSegment(this.#last, sample, pressed(sample, this.#bench.radius()), paintRow);
      this.#last = sample;
    }
    this.#bench.edited();
  }

  up() {
    if (!this.isBusy) return;
    this.isBusy = false;
    this.#end = this.#last;
    this.#bench.commit();
  }

  cancel() {
    this.isBusy = false;
    this.#end = null;
    this.#bench.document()?.rollback();
    this.#bench.edited();
  }
}
