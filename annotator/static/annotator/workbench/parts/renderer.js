/**
 * Three canvases over one another: the photograph, the parts, and what follows the pointer. Everything is drawn in one
 * requestAnimationFrame; after an edit only the tiles it touched. The renderer reads, and never changes the document.
 */

import { HINT } from "./label-document.js";
import { Overlay, partOf } from "./overlay.js";
import { hook } from "../ui/dom.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("../core/viewport.js").Viewport} Viewport */

/**
 * @typedef {object} Look
 * @property {number} opacity of parts, 0..1
 * @property {boolean} image
 * @property {boolean} parts
 * @property {boolean} outline
 * @property {boolean} hint
 */

const OUTLINE_PX = 1.5;
const CASING_PX = 3.4;
const HATCH_PX = 9;
const HINT_ALPHA = 0.8;
// How far lines reach beyond their tile, in screen pixels.
const REACH_PX = 4;

export class Renderer {
  #layers = { photo: layer("layer-photo"), labels: layer("layer-labels"), cursor: layer("layer-cursor") };
  #scratch = document.createElement("canvas").getContext("2d", { alpha: true });
  #viewport;
  #colours;
  /** @type {Look} */
  #look = { opacity: 0.46, image: true, parts: true, outline: true, hint: true };
  /** @type {import("./label-document.js").LabelDocument | null} */
  #document = null;
  /** @type {Overlay | null} */
  #overlay = null;
  /** @type {ImageBitmap | null} */
  #image = null;
  /** @type {Rect | null} person's box in crop pixels */
  #box = null;
  /** @type {((context: CanvasRenderingContext2D) => void)[]} */
  #cursorDrawers = [];
  #isPhotoStale = true;
  #areLabelsStale = true;
  #isCursorStale = true;
  #frame = 0;
  /** @type {CanvasPattern | null} */
  #hatch = null;
  /** Called after each flush with the time it took, in milliseconds. @type {((ms: number) => void) | null} */
  onFlush = null;

  /** @param {Viewport} viewport @param {Map<number, string>} colours by part */
  constructor(viewport, colours) {
    this.#viewport = viewport;
    this.#colours = colours;
    viewport.watch(() => this.drawAll());
  }

  /**
   * @param {import("./label-document.js").LabelDocument | null} labelDocument
   * @param {ImageBitmap | null} image
   * @param {Rect | null} box
   */
  show(labelDocument, image, box) {
    this.#document = labelDocument;
    this.#overlay = labelDocument && new Overlay(labelDocument, this.#colours);
    this.#image = image;
    this.#box = box;
    this.drawAll();
  }

  /** @param {Look} look */
  setLook(look) {
    this.#look = look;
    this.drawAll();
  }

  /** While held: the photograph alone. @param {boolean} isHidden */
  hideLabels(isHidden) {
    this.#layers.labels.canvas.classList.toggle("is-hidden", isHidden);
  }

  /** @param {(context: CanvasRenderingContext2D) => void} draw in screen pixels */
  addCursor(draw) {
    this.#cursorDrawers.push(draw);
  }

  /** The viewport or the look is another: draw everything. */
  drawAll() {
    this.#isPhotoStale = true;
    this.#areLabelsStale = true;
    this.drawCursor();
  }

  /** The document changed. */
  drawEdit() {
    this.#schedule();
  }

  drawCursor() {
    this.#isCursorStale = true;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Draw what is stale, now. */
  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const started = performance.now();
    if (this.#isPhotoStale) this.#drawPhoto();
    const changed = this.#document?.takeUnpainted();
    const stale = changed && this.#overlay ? this.#overlay.refresh(changed) : null;
    if (this.#areLabelsStale) this.#drawLabels(null);
    else if (stale) this.#drawLabels(stale);
    if (this.#isCursorStale) this.#drawCursors();
    this.#isPhotoStale = this.#areLabelsStale = this.#isCursorStale = false;
    this.onFlush?.(performance.now() - started);
  }

  #drawPhoto() {
    const { context } = this.#fit("photo");
    const viewport = this.#viewport;
    if (this.#image && this.#look.image) {
      context.setTransform(...viewport.transform);
      // Near enough to count pixels, they are shown as they are.
      context.imageSmoothingEnabled = viewport.scale < 8;
      context.imageSmoothingQuality = viewport.scale < 1 ? "high" : "medium";
      context.drawImage(this.#image, 0, 0, viewport.imageWidth, viewport.imageHeight);
    }
    if (this.#document && this.#box) this.#drawVeil(context, this.#box);
  }

  /** What lies outside the person's box is veiled; it may be painted, and is not exported. @param {CanvasRenderingContext2D} context @param {Rect} box */
  #drawVeil(context, box) {
    const viewport = this.#viewport;
    const ratio = viewport.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [from, to] = [viewport.toScreen(box.x, box.y), viewport.toScreen(box.x + box.width, box.y + box.height)];
    const [start, end] = [viewport.toScreen(0, 0), viewport.toScreen(viewport.imageWidth, viewport.imageHeight)];
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--canvas").trim() || "#888";
    context.globalAlpha = 0.42;
    context.beginPath();
    context.rect(start.x, start.y, end.x - start.x, end.y - start.y);
    context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
    context.fill("evenodd");
    context.globalAlpha = 1;
    context.lineWidth = 1;
    for (const [style, offset] of /** @type {[string, number][]} */ ([["rgba(255,255,255,0.9)", 0], ["rgba(20,25,26,0.55)", 5]])) {
      context.strokeStyle = style;
      context.setLineDash([5, 5]);
      context.lineDashOffset = offset;
      context.strokeRect(Math.round(from.x) + 0.5, Math.round(from.y) + 0.5, Math.round(to.x - from.x), Math.round(to.y - from.y));
    }
    context.setLineDash([]);
  }

  /** @param {Rect | null} stale image pixels; null: everything */
  #drawLabels(stale) {
    const viewport = this.#viewport;
    const { context, canvas } = stale ? this.#layers.labels : this.#fit("labels");
    if (!this.#document || !this.#overlay) return;
    const area = stale ? this.#deviceRect(stale) : { x: 0, y: 0, width: canvas.width, height: canvas.height };
    if (area.width <= 0 || area.height <= 0) return;
    const seen = this.#imageRect(area);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(area.x, area.y, area.width, area.height);
    context.clip();
    context.clearRect(area.x, area.y, area.width, area.height);
    if (this.#look.parts) {
      context.setTransform(...viewport.transform);
      context.globalAlpha = this.#look.opacity;
      context.imageSmoothingEnabled = viewport.scale < 4;
      drawPart(context, this.#overlay.parts, seen);
      context.globalAlpha = 1;
    }
    if (this.#look.hint && this.#hasHints()) this.#drawHints(context, area, seen);
    if (this.#look.outline) this.#drawOutlines(context, seen);
    context.restore();
  }

  #hasHints() {
    return this.#document !== null && this.#document.areas.some((area, value) => value >= HINT && area > 0);
  }

  /**
   * Hints are hatched: their colours, cut out by stripes that stay as wide on the screen at every zoom.
   * @param {CanvasRenderingContext2D} context
   * @param {Rect} area device pixels
   * @param {Rect} seen image pixels
   */
  #drawHints(context, area, seen) {
    const scratch = /** @type {CanvasRenderingContext2D} */ (this.#scratch);
    const { canvas } = context;
    if (scratch.canvas.width !== canvas.width || scratch.canvas.height !== canvas.height) Object.assign(scratch.canvas, { width: canvas.width, height: canvas.height });
    scratch.save();
    scratch.beginPath();
    scratch.rect(area.x, area.y, area.width, area.height);
    scratch.clip();
    scratch.clearRect(area.x, area.y, area.width, area.height);
    scratch.setTransform(...this.#viewport.transform);
    scratch.imageSmoothingEnabled = this.#viewport.scale < 4;
    drawPart(scratch, /** @type {Overlay} */ (this.#overlay).hints, seen);
    scratch.setTransform(1, 0, 0, 1, 0, 0);
    scratch.globalCompositeOperation = "destination-in";
    scratch.fillStyle = this.#hatchPattern(scratch);
    scratch.fillRect(area.x, area.y, area.width, area.height);
    scratch.restore();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = HINT_ALPHA;
    context.drawImage(scratch.canvas, area.x, area.y, area.width, area.height, area.x, area.y, area.width, area.height);
    context.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} context */
  #hatchPattern(context) {
    const ratio = this.#viewport.devicePixelRatio;
    if (!this.#hatch) {
      const size = Math.round(HATCH_PX * ratio);
      const tile = new OffscreenCanvas(size, size);
      const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
      pen.strokeStyle = "#000";
      pen.lineWidth = size * 0.36;
      // Each stripe and its continuation at the corners of the tile.
      for (const shift of [-size, 0, size]) {
        pen.moveTo(shift - size, size * 2);
        pen.lineTo(shift + size * 2, -size);
      }
      pen.stroke();
      this.#hatch = context.createPattern(tile, "repeat");
    }
    const pattern = /** @type {CanvasPattern} */ (this.#hatch);
    // The stripes lie still on the photograph while it is moved.
    pattern.setTransform(new DOMMatrix([1, 0, 0, 1, Math.round(this.#viewport.x * ratio), Math.round(this.#viewport.y * ratio)]));
    return pattern;
  }

  /** White casing first, then each part's colour: no line hides its neighbour's. @param {CanvasRenderingContext2D} context @param {Rect} seen */
  #drawOutlines(context, seen) {
    const viewport = this.#viewport;
    const outlines = /** @type {Overlay} */ (this.#overlay).outlinesIn(seen).filter(({ value }) => (value < HINT ? this.#look.parts || this.#look.outline : this.#look.hint));
    const unit = 1 / viewport.scale;
    context.setTransform(...viewport.transform);
    context.lineJoin = "round";
    context.strokeStyle = "rgba(255, 255, 255, 0.92)";
    for (const { value, path } of outlines) {
      context.lineWidth = (value < HINT ? CASING_PX : CASING_PX - 0.8) * unit;
      context.stroke(path);
    }
    context.lineWidth = OUTLINE_PX * unit;
    for (const { value, path } of outlines) {
      context.setLineDash(value < HINT ? [] : [5 * unit, 4 * unit]);
      context.strokeStyle = this.#colours.get(partOf(value)) ?? "#000";
      context.stroke(path);
    }
    context.setLineDash([]);
  }

  #drawCursors() {
    const { context } = this.#fit("cursor");
    const ratio = this.#viewport.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const draw of this.#cursorDrawers) {
      context.save();
      draw(context);
      context.restore();
    }
  }

  /** Make a layer as large as the pane, and clear it. @param {"photo" | "labels" | "cursor"} name */
  #fit(name) {
    const { canvas, context } = this.#layers[name];
    const { width, height, devicePixelRatio } = this.#viewport;
    const [deviceWidth, deviceHeight] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
      Object.assign(canvas, { width: deviceWidth, height: deviceHeight });
      this.#hatch = null;
    } else {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, deviceWidth, deviceHeight);
    }
    return this.#layers[name];
  }

  /** @param {Rect} rect image pixels @returns {Rect} whole device pixels inside the canvas, lines included */
  #deviceRect(rect) {
    const viewport = this.#viewport;
    const ratio = viewport.devicePixelRatio;
    const { canvas } = this.#layers.labels;
    const from = viewport.toScreen(rect.x, rect.y);
    const to = viewport.toScreen(rect.x + rect.width, rect.y + rect.height);
    const x = Math.max(0, Math.floor((from.x - REACH_PX) * ratio));
    const y = Math.max(0, Math.floor((from.y - REACH_PX) * ratio));
    const right = Math.min(canvas.width, Math.ceil((to.x + REACH_PX) * ratio));
    const bottom = Math.min(canvas.height, Math.ceil((to.y + REACH_PX) * ratio));
    return { x, y, width: right - x, height: bottom - y };
  }

  /** @param {Rect} area device pixels @returns {Rect} image pixels inside the crop, with room for lines and smoothing */
  #imageRect(area) {
    const viewport = this.#viewport;
    const ratio = viewport.devicePixelRatio;
    const from = viewport.toImage(area.x / ratio, area.y / ratio);
    const to = viewport.toImage((area.x + area.width) / ratio, (area.y + area.height) / ratio);
    const reach = 2 + REACH_PX / viewport.scale;
    const x = Math.max(0, Math.floor(from.x - reach));
    const y = Math.max(0, Math.floor(from.y - reach));
    return {
      x, y,
      width: Math.max(0, Math.min(viewport.imageWidth, Math.ceil(to.x + reach)) - x),
      height: Math.max(0, Math.min(viewport.imageHeight, Math.ceil(to.y + reach)) - y),
    };
  }
}


/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} picture @param {Rect} rect image pixels */
function drawPart(context, picture, { x, y, width, height }) {
  if (width > 0 && height > 0) context.drawImage(picture, x, y, width, height, x, y, width, height);
}

/** @param {string} name */
function layer(name) {
  const canvas = /** @type {HTMLCanvasElement} */ (hook(name));
  return { canvas, context: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")) };
}
