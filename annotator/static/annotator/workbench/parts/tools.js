/**
 * The tools. Each is a few states that turn pointer samples into edits of the document; an edit ends in one commit, so one undo.
 * They know neither the pointer device nor the history: both are handed to them.
 */

import { HINT, PART_BITS } from "./label-document.js";
import { paintPolygon, paintSegment, regionAt } from "./raster.js";

/** @typedef {import("../core/viewport.js").Point} Point */
/** @typedef {import("./label-document.js").Rule} Rule */

/**
 * @typedef {object} Sample One position of the pointer.
 * @property {number} x image pixels
 * @property {number} y image pixels
 * @property {number} pressure 0..1; 0.5 where the device knows none
 * @property {boolean} isPen
 * @property {boolean} isStraight Shift is held
 */

/**
 * @typedef {object} Bench What tools work on.
 * @property {() => import("./label-document.js").LabelDocument | null} document
 * @property {() => number} part the current one
 * @property {() => number} radius of the brush, image pixels
 * @property {(at: Point) => Rule} rule for a stroke that begins here
 * @property {() => import("../core/viewport.js").Viewport} viewport
 * @property {() => void} edited cells changed: draw them
 * @property {() => void} moved only the tool's own marks changed
 * @property {() => void} commit the edit is done
 * @property {(value: number) => void} picked a click chose a part
 * @property {(text: string) => void} say
 */

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {(sample: Sample) => void} down
 * @property {(samples: Sample[]) => void} move
 * @property {() => void} up
 * @property {() => void} cancel give up what is under way
 * @property {boolean} isBusy something is under way that Escape would give up
 * @property {(id: "finish" | "back") => boolean} [key] Enter and Backspace while busy; whether it took them
 * @property {(context: CanvasRenderingContext2D) => void} [draw] its marks, in screen pixels
 */

/** Pressing lightly paints half as wide. @param {Sample} sample @param {number} radius */
function pressed(sample, radius) {
  return sample.isPen ? radius * (0.5 + 0.5 * Math.min(1, sample.pressure * 1.4)) : radius;
}

/** Touching a part makes its suggestion an annotation. @param {Bench} bench @param {number} part */
export function touchPart(bench, part) {
  const document = bench.document();
  if (!document) return;
  document.takeHint(part);
  if (document.decided.get(part) !== "done") document.decide(part, "touched");
}

/** @implements {Tool} */
export class BrushTool {
  name;
  isBusy = false;
  #bench;
  #isEraser;
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
    this.#rule = this.#bench.rule(sample);
    // Erasing "only what is empty" would do nothing.
    if (this.#isEraser && this.#rule.kind === "empty") this.#rule = { kind: "all" };
    if (!this.#isEraser) touchPart(this.#bench, this.#bench.part());
    this.#last = sample.isStraight && this.#end ? this.#end : sample;
    this.move([sample]);
  }

  /** @param {Sample[]} samples */
  move(samples) {
    const document = this.#bench.document();
    if (!this.isBusy || !document || !this.#last) return;
    const value = this.#isEraser ? 0 : this.#bench.part();
    const paintRow = (/** @type {number} */ y, /** @type {number} */ from, /** @type {number} */ to) => document.paintRow(y, from, to, value, this.#rule);
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

/** Points by click; closed by Enter, a double click, or a click on the first point. @implements {Tool} */
export class PolygonTool {
  name = "polygon";
  #bench;
  /** @type {Sample[]} */
  #points = [];
  /** @type {Point | null} */
  #pointer = null;

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  get isBusy() {
    return this.#points.length > 0;
  }

  /** @param {Sample} sample */
  down(sample) {
    const viewport = this.#bench.viewport();
    const near = (/** @type {Point} */ point) => Math.hypot(point.x - sample.x, point.y - sample.y) * viewport.scale < 9;
    const last = this.#points[this.#points.length - 1];
    if (this.#points.length > 2 && (near(this.#points[0]) || near(last))) return void this.key("finish");
    if (!last || !near(last)) this.#points.push(sample);
    this.#bench.moved();
  }

  /** @param {Sample[]} samples */
  move(samples) {
    this.#pointer = samples[samples.length - 1];
    if (this.isBusy) this.#bench.moved();
  }

  up() {}

  cancel() {
    this.#points = [];
    this.#bench.moved();
  }

  /** @param {"finish" | "back"} id @returns {boolean} */
  key(id) {
    if (!this.isBusy) return false;
    if (id === "back") {
      this.#points.pop();
      this.#bench.moved();
      return true;
    }
    if (this.#points.length > 2) paintArea(this.#bench, this.#points);
    this.cancel();
    return true;
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    if (!this.isBusy) return;
    const viewport = this.#bench.viewport();
    const corners = this.#points.map((point) => viewport.toScreen(point.x, point.y));
    const end = this.#pointer ? [viewport.toScreen(this.#pointer.x, this.#pointer.y)] : [];
    drawLine(context, [...corners, ...end]);
    for (const [index, { x, y }] of corners.entries()) {
      context.beginPath();
      context.arc(x, y, index === 0 ? 5 : 3.5, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.strokeStyle = "#15191a";
      context.lineWidth = 1.5;
      context.stroke();
    }
  }
}

/** @implements {Tool} */
export class LassoTool {
  name = "lasso";
  isBusy = false;
  #bench;
  /** @type {Sample[]} */
  #points = [];

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Sample} sample */
  down(sample) {
    this.isBusy = true;
    this.#points = [sample];
  }

  /** @param {Sample[]} samples */
  move(samples) {
    if (!this.isBusy) return;
    this.#points.push(...samples);
    this.#bench.moved();
  }

  up() {
    if (this.isBusy && this.#points.length > 2) paintArea(this.#bench, this.#points);
    this.cancel();
  }

  cancel() {
    this.isBusy = false;
    this.#points = [];
    this.#bench.moved();
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const viewport = this.#bench.viewport();
    if (this.isBusy) drawLine(context, this.#points.map((point) => viewport.toScreen(point.x, point.y)));
  }
}

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

/** @param {Bench} bench @param {Sample[]} points */
function paintArea(bench, points) {
  const document = bench.document();
  if (!document) return;
  const part = bench.part();
  const rule = bench.rule(points[0]);
  touchPart(bench, part);
  paintPolygon(points, (y, from, to) => document.paintRow(y, from, to, part, rule));
  bench.edited();
  bench.commit();
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} points screen pixels */
function drawLine(context, points) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([["rgba(255,255,255,0.9)", 3.5], ["#15191a", 1.5]])) {
    context.beginPath();
    for (const { x, y } of points) context.lineTo(x, y);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.lineJoin = "round";
    context.stroke();
  }
}
