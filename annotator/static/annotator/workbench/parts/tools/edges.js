/** Tools that follow the photograph's edges: take up regions by dragging; a polygon whose sides cling to edges. */

import { outlineOf, paintRegion, regionsAt } from "../edges/regions.js";
import { drawCorners, drawLine, paintArea, strokeTwice } from "./areas.js";
import { touchPart, valueFor } from "./tool.js";

/** @typedef {import("./tool.js").Sample} Sample */
/** @typedef {import("./tool.js").Bench} Bench */
/** @typedef {import("./tool.js").Tool} Tool */
/** @typedef {import("../edges/edges.js").Edges} Edges */
/** @typedef {import("../../core/viewport.js").Point} Point */

/** @implements {Tool} */
export class RegionTool {
  name = "edges";
  isBusy = false;
  #bench;
  #edges;
  #options;
  /** @type {import("../label-document.js").Rule} */
  #rule = { kind: "all" };
  #value = 0;
  /** @type {Set<number>} */
  #taken = new Set();
  /** What a press would take up: outlined before it is. @type {{key: string, path: Path2D} | null} */
  #offered = null;
  /** @type {Sample | null} */
  #last = null;

  /** @param {Bench} bench @param {Edges} edges @param {{isCoarse: () => boolean, preparing: string}} options */
  constructor(bench, edges, options) {
    this.#bench = bench;
    this.#edges = edges;
    this.#options = options;
  }

  /** @param {Sample} sample */
  down(sample) {
    if (!this.#bench.document()) return;
    if (!this.#edges.regions) {
      this.#edges.prepare();
      return this.#bench.say(this.#options.preparing);
    }
    this.isBusy = true;
    this.#value = valueFor(this.#bench, sample);
    this.#rule = this.#bench.rule(sample);
    if (this.#value === 0 && this.#rule.kind === "empty") this.#rule = { kind: "all" };
    this.#taken.clear();
    this.#last = sample;
    touchPart(this.#bench, this.#value);
    this.move([sample]);
  }

  get isPointing() {
    return this.#offered !== null;
  }

  /** @param {Sample[]} samples */
  move(samples) {
    const document = this.#bench.document();
    const { regions } = this.#edges;
    this.#offer(samples[samples.length - 1]);
    if (!this.isBusy || !document || !regions || !this.#last) return;
    const paintRow = (/** @type {number} */ y, /** @type {number} */ from, /** @type {number} */ to) => document.paintRow(y, from, to, this.#value, this.#rule);
    for (const sample of samples) {
      const [dx, dy] = [sample.x - this.#last.x, sample.y - this.#last.y];
      const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / 2));
      for (let i = 1; i <= steps; i += 1) {
        for (const region of regionsAt(regions, this.#last.x + (dx * i) / steps, this.#last.y + (dy * i) / steps, this.#options.isCoarse())) {
          if (this.#taken.has(region)) continue;
          this.#taken.add(region);
          paintRegion(regions, region, paintRow);
        }
      }
      this.#last = sample;
    }
    this.#bench.edited();
  }

  up() {
    if (!this.isBusy) return;
    this.isBusy = false;
    this.#bench.commit();
  }

  cancel() {
    this.isBusy = false;
    this.#offered = null;
    this.#bench.document()?.rollback();
    this.#bench.edited();
  }

  /** The pointer is gone. */
  leave() {
    this.#offered = null;
    this.#bench.moved();
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    if (!this.#offered) return;
    const { x, y, scale } = this.#bench.viewport();
    context.translate(x, y);
    context.scale(scale, scale);
    strokeTwice(context, this.#offered.path, 1 / scale);
  }

  /** @param {Sample} sample where the pointer is */
  #offer(sample) {
    const { regions } = this.#edges;
    const found = regions && this.#bench.document() ? regionsAt(regions, sample.x, sample.y, this.#options.isCoarse()) : [];
    const key = found.join();
    if (key === (this.#offered?.key ?? "")) return;
    const path = new Path2D();
    if (regions) outlineOf(regions, new Set(found), path);
    this.#offered = key === "" ? null : { key, path };
    this.#bench.moved();
  }
}

/** A click sets a corner; between corners the line runs along edges. Closed as a polygon is. @implements {Tool} */
export class MagneticTool {
  name = "magnetic";
  #bench;
  #edges;
  /** @type {Sample[]} */
  #corners = [];
  /** The way from each corner to the next. @type {Point[][]} */
  #sides = [];
  /** From the last corner to the pointer. @type {Point[]} */
  #lead = [];
  /** @type {Sample | null} */
  #pointer = null;
  #isLeading = false;

  /** @param {Bench} bench @param {Edges} edges */
  constructor(bench, edges) {
    this.#bench = bench;
    this.#edges = edges;
  }

  get isBusy() {
    return this.#corners.length > 0;
  }

  /** @param {Sample} sample */
  down(sample) {
    const viewport = this.#bench.viewport();
    const near = (/** @type {Point} */ point) => Math.hypot(point.x - sample.x, point.y - sample.y) * viewport.scale < 9;
    const last = this.#corners[this.#corners.length - 1];
    if (this.#corners.length > 1 && (near(this.#corners[0]) || near(last))) return void this.key("finish");
    if (last && near(last)) return;
    this.#corners.push(sample);
    this.#lead = [];
    if (last) this.#join(this.#sides, this.#sides.push([last, sample]) - 1, last, sample);
    this.#bench.moved();
  }

  /** @param {Sample[]} samples */
  move(samples) {
    this.#pointer = samples[samples.length - 1];
    if (!this.isBusy) return;
    this.#follow();
    this.#bench.moved();
  }

  up() {}

  cancel() {
    this.#corners = [];
    this.#sides = [];
    this.#lead = [];
    this.#bench.moved();
  }

  /** @param {"finish" | "back"} id @returns {boolean} */
  key(id) {
    if (!this.isBusy) return false;
    if (id === "finish") void this.#finish();
    else {
      this.#corners.pop();
      this.#sides.pop();
      this.#lead = [];
      this.#bench.moved();
    }
    return true;
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    if (!this.isBusy) return;
    const viewport = this.#bench.viewport();
    const onScreen = (/** @type {Point} */ { x, y }) => viewport.toScreen(x, y);
    const lead = this.#lead.length > 0 || !this.#pointer ? this.#lead : [this.#corners[this.#corners.length - 1], this.#pointer];
    drawLine(context, [...this.#sides.flat(), ...lead].map(onScreen));
    drawCorners(context, this.#corners.map(onScreen));
  }

  async #finish() {
    const [corners, sides] = [this.#corners, this.#sides];
    const [document, part] = [this.#bench.document(), this.#bench.part()];
    this.cancel();
    if (corners.length < 2) return;
    const closing = await this.#edges.wire(corners[corners.length - 1], corners[0]).catch(() => []);
    // Another person or part came meanwhile: the outline was of what is no more there.
    if (document === this.#bench.document() && part === this.#bench.part()) paintArea(this.#bench, [...sides.flat(), ...closing], corners[0]);
  }

  /** @param {Point[][]} sides @param {number} at @param {Sample} from @param {Sample} to */
  async #join(sides, at, from, to) {
    const path = await this.#edges.wire(from, to).catch(() => null);
    if (!path || at >= sides.length) return;
    sides[at] = path;
    this.#bench.moved();
  }

  /** Lead the line to where the pointer is now; one question at a time. */
  async #follow() {
    if (this.#isLeading || !this.#pointer) return;
    this.#isLeading = true;
    const [corner, pointer] = [this.#corners[this.#corners.length - 1], this.#pointer];
    const path = await this.#edges.wire(corner, pointer).catch(() => []);
    this.#isLeading = false;
    if (corner !== this.#corners[this.#corners.length - 1]) return;
    this.#lead = path;
    this.#bench.moved();
    if (pointer !== this.#pointer) this.#follow();
  }
}
