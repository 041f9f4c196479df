/** Polygon and lasso: an outline first, then its inside is painted at once. */

import { paintPolygon } from "../raster.js";
import { touchPart, valueFor } from "./tool.js";

/** @typedef {import("./tool.js").Sample} Sample */
/** @typedef {import("./tool.js").Bench} Bench */
/** @typedef {import("./tool.js").Tool} Tool */
/** @typedef {import("../../core/viewport.js").Point} Point */

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
    if (this.#points.length > 2) paintArea(this.#bench, this.#points, this.#points[0]);
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
    drawCorners(context, corners);
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
    if (this.isBusy && this.#points.length > 2) paintArea(this.#bench, this.#points, this.#points[0]);
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

/**
 * @param {Bench} bench
 * @param {Point[]} points
 * @param {Sample} first where it began: it says by which rule, and whether it takes away
 */
export function paintArea(bench, points, first) {
  const document = bench.document();
  if (!document) return;
  const value = valueFor(bench, first);
  const asked = bench.rule(first);
  /** @type {import("../label-document.js").Rule} */
  const rule = value === 0 && asked.kind === "empty" ? { kind: "all" } : asked;
  touchPart(bench, value);
  paintPolygon(points, (y, from, to) => document.paintRow(y, from, to, value, rule));
  bench.edited();
  bench.commit();
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} points screen pixels */
export function drawLine(context, points) {
  const path = new Path2D();
  for (const { x, y } of points) path.lineTo(x, y);
  strokeTwice(context, path);
}

/** Dark on white, so that it is seen on any ground. @param {CanvasRenderingContext2D} context @param {Path2D} path @param {number} [unit] of the path's pixels to one of the screen */
export function strokeTwice(context, path, unit = 1) {
  context.lineJoin = "round";
  for (const [colour, width] of /** @type {[string, number][]} */ ([["rgba(255,255,255,0.9)", 3.5], ["#15191a", 1.5]])) {
    context.strokeStyle = colour;
    context.lineWidth = width * unit;
    context.stroke(path);
  }
}

/** The first one is larger: a click on it closes. @param {CanvasRenderingContext2D} context @param {Point[]} corners screen pixels */
export function drawCorners(context, corners) {
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
