/** Tools of one click: fill a region, pick a part. */

import { HINT, PART_BITS } from "../cells.js";
import { regionAt } from "../raster.js";

/** @typedef {import("./tool.js").Sample} Sample */
/** @typedef {import("./tool.js").Bench} Bench */
/** @typedef {import("./tool.js").Tool} Tool */

/** A click gives the region under it to the current part: a hole inside a part, a suggestion, or another part's piece. @implements {Tool} */
export class FillTool {
  name = "fill";
  isBusy = false;
  #bench;
  #text;

  /** @param {Bench} bench @param {{open: string}} text what to say where nothing encloses the click */
  constructor(bench, text) {
    this.#bench = bench;
    this.#text = text;
  }

  /** @param {Sample} sample */
  down(sample) {
    const document = this.#bench.document();
    const [x, y] = [Math.floor(sample.x), Math.floor(sample.y)];
    if (!document || x < 0 || y < 0 || x >= document.width || y >= document.height) return;
    const value = document.valueAt(x, y);
    const { rows, touchesBorder } = regionAt(document.cells, document.width, document.height, x, y);
    if (value === 0 && touchesBorder) return this.#bench.say(this.#text.open);
    const part = this.#bench.part();
    if (document.decided.get(part) !== "done") document.decide(part, "touched");
    for (const [row, first, last] of rows) document.paintRow(row, first + 0.5, last + 0.5, part, { kind: "all" });
    if (document.areas[part | HINT] > 0) document.takeHint(part);
    this.#bench.edited();
    this.#bench.commit();
  }

  move() {}
  up() {}
  cancel() {}
}

/** A drag moves the picture (the pointer's doing), a click picks the part under it. @implements {Tool} */
export class MoveTool {
  name = "move";
  isBusy = false;
  #bench;

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Sample} sample */
  down(sample) {
    const value = this.#bench.document()?.valueAt(sample.x, sample.y) ?? 0;
    if (value) this.#bench.picked(value & PART_BITS);
  }

  move() {}
  up() {}
  cancel() {}
}
