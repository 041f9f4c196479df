/**
 * The layer of parts: translucent colours, hatched hints, outlines in white casing. Widths of lines and stripes are those of the screen at
 * every zoom. A stale rectangle alone is drawn again after an edit.
 */

import { HINT } from "./cells.js";
import { partOf } from "./overlay.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("../core/viewport.js").Viewport} Viewport */
/** @typedef {import("./overlay.js").Overlay} Overlay */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {import("./renderer.js").Look} Look */

const OUTLINE_PX = 1.5;
const CASING_PX = 3.4;
const HATCH_PX = 9;
const HINT_ALPHA = 0.8;
// How far lines reach beyond their tile, in screen pixels.
const REACH_PX = 4;

export class LabelLayer {
  /** Rising stripes: from keypoints; falling: a model's; both: one's own earlier answer. @type {"rising" | "falling" | "crossed"} */
  hatching = "rising";
  #context;
  #viewport;
  #colours;
  #scratch = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  /** @type {{pattern: CanvasPattern, key: string} | null} */
  #hatch = null;

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Viewport} viewport
   * @param {Map<number, string>} colours by part
   */
  constructor(context, viewport, colours) {
    this.#context = context;
    this.#viewport = viewport;
    this.#colours = colours;
  }

  /**
   * @param {LabelDocument} labelDocument
   * @param {Overlay} overlay
   * @param {Look} look
   * @param {Rect | null} stale image pixels; null: everything
   */
  draw(labelDocument, overlay, look, stale) {
    const context = this.#context;
    const { canvas } = context;
    const area = stale ? this.#deviceRect(stale) : { x: 0, y: 0, width: canvas.width, height: canvas.height };
    if (area.width <= 0 || area.height <= 0) return;
    const seen = this.#imageRect(area);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(area.x, area.y, area.width, area.height);
    context.clip();
    context.clearRect(area.x, area.y, area.width, area.height);
    if (look.parts) {
      context.setTransform(...this.#viewport.transform);
      context.globalAlpha = look.opacity;
      context.imageSmoothingEnabled = this.#viewport.scale < 4;
      drawPart(context, overlay.parts, seen);
      context.globalAlpha = 1;
    }
    if (look.hint && hasHints(labelDocument)) this.#drawHints(overlay, area, seen);
    if (look.outline) this.#drawOutlines(overlay, look, seen);
    context.restore();
  }

  /**
   * Hints are hatched: their colours, cut out by stripes that stay as wide on the screen at every zoom.
   * @param {Overlay} overlay
   * @param {Rect} area device pixels
   * @param {Rect} seen image pixels
   */
  #drawHints(overlay, area, seen) {
    const context = this.#context;
    const scratch = this.#scratch;
    const { canvas } = context;
    if (scratch.canvas.width !== canvas.width || scratch.canvas.height !== canvas.height) Object.assign(scratch.canvas, { width: canvas.width, height: canvas.height });
    scratch.save();
    scratch.beginPath();
    scratch.rect(area.x, area.y, area.width, area.height);
    scratch.clip();
    scratch.clearRect(area.x, area.y, area.width, area.height);
    scratch.setTransform(...this.#viewport.transform);
    scratch.imageSmoothingEnabled = this.#viewport.scale < 4;
    drawPart(scratch, overlay.hints, seen);
    scratch.setTransform(1, 0, 0, 1, 0, 0);
    scratch.globalCompositeOperation = "destination-in";
    scratch.fillStyle = this.#hatchPattern();
    scratch.fillRect(area.x, area.y, area.width, area.height);
    scratch.restore();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = HINT_ALPHA;
    context.drawImage(scratch.canvas, area.x, area.y, area.width, area.height, area.x, area.y, area.width, area.height);
    context.globalAlpha = 1;
  }

  #hatchPattern() {
    const ratio = this.#viewport.devicePixelRatio;
    const key = `${ratio} ${this.hatching}`;
    if (this.#hatch?.key !== key) this.#hatch = { pattern: stripes(this.#scratch, Math.round(HATCH_PX * ratio), this.hatching), key };
    const { pattern } = this.#hatch;
    // The stripes lie still on the photograph while it is moved.
    pattern.setTransform(new DOMMatrix([1, 0, 0, 1, Math.round(this.#viewport.x * ratio), Math.round(this.#viewport.y * ratio)]));
    return pattern;
  }

  /** White casing first, then each part's colour: no line hides its neighbour's. @param {Overlay} overlay @param {Look} look @param {Rect} seen */
  #drawOutlines(overlay, look, seen) {
    const context = this.#context;
    const viewport = this.#viewport;
    const outlines = overlay.outlinesIn(seen).filter(({ value }) => value < HINT || look.hint);
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

  /** @param {Rect} rect image pixels @returns {Rect} whole device pixels inside the canvas, lines included */
  #deviceRect(rect) {
    const viewport = this.#viewport;
    const ratio = viewport.devicePixelRatio;
    const { canvas } = this.#context;
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

/** @param {LabelDocument} labelDocument */
function hasHints({ areas }) {
  return areas.some((area, value) => value >= HINT && area > 0);
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} picture @param {Rect} rect image pixels */
function drawPart(context, picture, { x, y, width, height }) {
  if (width > 0 && height > 0) context.drawImage(picture, x, y, width, height, x, y, width, height);
}

/** A pattern of stripes at 45 degrees. @param {CanvasRenderingContext2D} context @param {number} size device pixels @param {LabelLayer["hatching"]} hatching @returns {CanvasPattern} */
function stripes(context, size, hatching) {
  const tile = new OffscreenCanvas(size, size);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  pen.strokeStyle = "#000";
  pen.lineWidth = size * (hatching === "crossed" ? 0.22 : 0.36);
  // Each stripe and its continuation at the corners of the tile.
  for (const shift of [-size, 0, size]) {
    if (hatching !== "falling") {
      pen.moveTo(shift - size, size * 2);
      pen.lineTo(shift + size * 2, -size);
    }
    if (hatching !== "rising") {
      pen.moveTo(shift - size, -size);
      pen.lineTo(shift + size * 2, size * 2);
    }
  }
  pen.stroke();
  return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
}
