/** The photograph with all points of the person: zoom, pan, and a click on a point goes there. */

import { Viewport } from "../core/viewport.js";
import { Layer } from "./layer.js";
import { drawMark } from "./photo-marks.js";

/** @typedef {import("./photo-marks.js").Mark} Mark */
/** @typedef {{loops: Float32Array[], colour: string}} Outline of the part in work, px of the crop */

/** A press that moves farther than this, in CSS px, pans. */
const DRAG_PX = 4;
/** A click this near a point, in CSS px, means the point. */
const REACH_PX = 14;
/** The current point is kept this far from the edges of the pane, CSS px. */
const MARGIN_PX = 60;

export class PhotoPane {
  viewport = new Viewport({ padding: 8 });
  /** @type {ImageBitmap | null} */
  image = null;
  /** @type {Mark[]} */
  marks = [];
  /** @type {Outline | null} */
  #outline = null;
  #picture;
  #overlay;
  #isBare = false;

  /**
   * @param {HTMLElement} element holds two canvases
   * @param {{pick: (key: string) => void, moved: () => void}} events
   */
  constructor(element, events) {
    this.element = element;
    this.events = events;
    const [picture, overlay] = element.querySelectorAll("canvas");
    this.#picture = new Layer(picture, (context) => this.#drawPicture(context));
    this.#overlay = new Layer(overlay, (context) => this.#drawMarks(context));
    this.viewport.watch(() => {
      this.#picture.ask();
      this.#overlay.ask();
      events.moved();
    });
    new ResizeObserver(() => this.#resize()).observe(element);
    this.#listen(overlay);
  }

  /** @param {ImageBitmap | null} image @param {{width: number, height: number}} crop */
  show(image, crop) {
    this.image = image;
    this.#resize();
    this.viewport.setImage(crop.width, crop.height);
  }

  /** @param {Mark[]} marks the current one last @param {Outline | null} outline */
  update(marks, outline) {
    this.marks = marks;
    this.#outline = outline;
    this.#overlay.ask();
  }

  /** @param {boolean} isHidden the photograph alone */
  hideMarks(isHidden) {
    this.#isBare = isHidden;
    this.#overlay.ask();
  }

  /** Pan so that a point is in sight. @param {number} x @param {number} y px of the crop */
  bringIntoSight(x, y) {
    const { width, height } = this.viewport;
    const at = this.viewport.toScreen(x, y);
    const dx = Math.max(0, MARGIN_PX - at.x) + Math.min(0, width - MARGIN_PX - at.x);
    const dy = Math.max(0, MARGIN_PX - at.y) + Math.min(0, height - MARGIN_PX - at.y);
    if (!this.viewport.isFitted && (dx || dy)) this.viewport.panBy(dx, dy);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.viewport.setPane(width, height, devicePixelRatio);
    this.#picture.resize(width, height);
    this.#overlay.resize(width, height);
  }

  /** @param {HTMLCanvasElement} canvas */
  #listen(canvas) {
    /** @type {Map<number, {x: number, y: number}>} */
    const down = new Map();
    let isDrag = false;
    canvas.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      isDrag = down.size > 1;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const from = down.get(event.pointerId);
      if (!from) {
        canvas.classList.toggle("is-over-point", Boolean(this.#markNear(event.offsetX, event.offsetY)));
        return;
      }
      const [dx, dy] = [event.offsetX - from.x, event.offsetY - from.y];
      if (!isDrag && Math.hypot(dx, dy) < DRAG_PX) return;
      isDrag = true;
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const before = Math.hypot(from.x - other.x, from.y - other.y) || 1;
        const after = Math.hypot(event.offsetX - other.x, event.offsetY - other.y);
        this.viewport.zoomAt(after / before, other.x, other.y);
      } else this.viewport.panBy(dx, dy);
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!down.delete(event.pointerId) || isDrag) return;
      const mark = this.#markNear(event.offsetX, event.offsetY);
      if (mark) this.events.pick(mark.key);
    });
    canvas.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
    canvas.addEventListener("dblclick", () => this.viewport.fit());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.viewport.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY);
    }, { passive: false });
  }

  /** @param {number} x @param {number} y CSS px of the pane @returns {Mark | null} */
  #markNear(x, y) {
    let best = REACH_PX ** 2;
    let found = null;
    for (const mark of this.marks) {
      const at = this.viewport.toScreen(mark.x, mark.y);
      const square = (at.x - x) ** 2 + (at.y - y) ** 2;
      if (square < best) [best, found] = [square, mark];
    }
    return found;
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawPicture(context) {
    if (!this.image) return;
    context.setTransform(...this.viewport.transform);
    context.imageSmoothingQuality = "high";
    // From eight screen pixels a pixel on, the pixels themselves are what there is to see.
    context.imageSmoothingEnabled = this.viewport.scale < 8;
    context.drawImage(this.image, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawMarks(context) {
    if (this.#isBare) return;
    this.drawOutline(context, this.viewport);
    for (const mark of this.marks) {
      const { x, y } = this.viewport.toScreen(mark.x, mark.y);
      drawMark(context, x, y, mark);
    }
  }

  /**
   * The part in work, in its colour with a white casing.
   * @param {CanvasRenderingContext2D} context in CSS px
   * @param {{scale: number, x: number, y: number}} view from px of the crop to CSS px
   */
  drawOutline(context, { scale, x, y }) {
    if (!this.#outline) return;
    context.beginPath();
    for (const loop of this.#outline.loops) {
      context.moveTo(x + loop[0] * scale, y + loop[1] * scale);
      for (let i = 2; i < loop.length; i += 2) context.lineTo(x + loop[i] * scale, y + loop[i + 1] * scale);
      context.closePath();
    }
    context.lineJoin = "round";
    for (const [style, width] of /** @type {[string, number][]} */ ([["#ffffff", 4], [this.#outline.colour, 1.75]])) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
  }
}
