/**
 * Three canvases over one another: the photograph, the parts, and what follows the pointer. Everything is drawn in one
 * requestAnimationFrame; after an edit only the tiles it touched. The renderer reads, and never changes the document.
 */

import { hook } from "../ui/dom.js";
import { union } from "./label-document.js";
import { LabelLayer } from "./label-layer.js";
import { relit } from "./light.js";
import { TILE } from "./outline.js";
import { Overlay } from "./overlay.js";
import { drawAround, drawPhoto, drawVeil } from "./photo-layer.js";
import { PLAIN_LIGHT } from "./state.js";

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

// What is taken up in one frame; more than that, a new person or a swap, comes in a few frames from top to bottom.
const TILES_A_FRAME = 64;

export class Renderer {
  #layers = { photo: layer("layer-photo"), labels: layer("layer-labels"), marks: layer("layer-marks") };
  #labels;
  #viewport;
  #colours;
  /** @type {Look} */
  #look = { opacity: 0.46, image: true, parts: true, outline: true, hint: true };
  /** @type {import("./label-document.js").LabelDocument | null} */
  #document = null;
  /** @type {Overlay | null} */
  #overlay = null;
  /** A document tells what is unpainted once: its overlay is kept while another version is looked at. @type {WeakMap<import("./label-document.js").LabelDocument, Overlay>} */
  #overlays = new WeakMap();
  /** What changed and is not yet in the overlay, image pixels. @type {Rect | null} */
  #pending = null;
  /** @type {ImageBitmap | null} */
  #image = null;
  /** The photograph in the light that is set, made when it is drawn. @type {(CanvasImageSource & {width: number, height: number}) | null} */
  #lit = null;
  #light = PLAIN_LIGHT;
  /** @type {{image: ImageBitmap, rect: Rect} | null} what lies around, in crop pixels */
  #around = null;
  /** @type {Rect | null} person's box in crop pixels */
  #box = null;
  /** Draws what a tool shows of itself, in screen pixels. @type {((context: CanvasRenderingContext2D) => void) | null} */
  #marks = null;
  #wereMarks = false;
  #isPhotoStale = true;
  #areLabelsStale = true;
  #areMarksStale = true;
  #frame = 0;

  /** @param {Viewport} viewport @param {Map<number, string>} colours by part */
  constructor(viewport, colours) {
    this.#viewport = viewport;
    this.#colours = colours;
    this.#labels = new LabelLayer(this.#layers.labels.context, viewport, colours);
    viewport.watch(() => this.drawAll());
    // The veil takes its colour from the theme.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawAll());
  }

  /**
   * @param {import("./label-document.js").LabelDocument | null} labelDocument
   * @param {ImageBitmap | null} image
   * @param {Rect | null} box
   */
  show(labelDocument, image, box) {
    while (this.#pending) this.#takeUp();
    this.#document = labelDocument;
    this.#overlay = labelDocument && this.#overlayOf(labelDocument);
    if (image !== this.#image) {
      this.#around = null;
      this.#image = image;
      this.#lit = null;
    }
    this.#box = box;
    this.drawAll();
  }

  /** @param {import("./label-document.js").LabelDocument} labelDocument */
  #overlayOf(labelDocument) {
    const overlay = this.#overlays.get(labelDocument) ?? new Overlay(labelDocument, this.#colours);
    this.#overlays.set(labelDocument, overlay);
    return overlay;
  }

  /** @param {Look} look */
  setLook(look) {
    this.#look = look;
    this.drawAll();
  }

  /** Each source of hints has a hatching of its own. @param {string | null} source "keypoints", "previous", or a model */
  setHintSource(source) {
    this.#labels.hatching = source === "previous" ? "crossed" : source === "keypoints" ? "rising" : "falling";
    this.drawAll();
  }

  /** @param {import("./light.js").Light} light of the photograph */
  setLight(light) {
    this.#light = light;
    this.#lit = null;
    this.#isPhotoStale = true;
    this.#schedule();
  }

  /** What lies around the crop has come. @param {{image: ImageBitmap, rect: Rect}} around rect in crop pixels */
  setAround(around) {
    this.#around = around;
    this.drawAll();
  }

  /** While held: the photograph alone. @param {boolean} isHidden */
  hideLabels(isHidden) {
    this.#layers.labels.canvas.classList.toggle("is-hidden", isHidden);
  }

  /** @param {((context: CanvasRenderingContext2D) => void) | null} marks in screen pixels; null: none just now */
  setMarks(marks) {
    this.#marks = marks;
    this.drawMarks();
  }

  /** The viewport or the look is another: draw everything. */
  drawAll() {
    this.#isPhotoStale = true;
    this.#areLabelsStale = true;
    this.drawMarks();
  }

  /** The document changed. */
  drawEdit() {
    this.#schedule();
  }

  drawMarks() {
    this.#areMarksStale = true;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Draw what is stale, now. */
  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#isPhotoStale) this.#drawPhoto();
    const changed = this.#document?.takeUnpainted();
    if (changed) this.#pending = union(this.#pending, changed);
    const stale = this.#takeUp();
    if (this.#areLabelsStale) this.#drawLabels(null);
    else if (stale) this.#drawLabels(stale);
    if (this.#areMarksStale) this.#drawMarkLayer();
    this.#isPhotoStale = this.#areLabelsStale = this.#areMarksStale = false;
    if (this.#pending) this.#schedule();
  }

  /** Some of what changed goes into the overlay. @returns {Rect | null} what must be drawn again, image pixels */
  #takeUp() {
    if (!this.#pending || !this.#overlay) return (this.#pending = null);
    const { x, y, width, height } = this.#pending;
    const rows = Math.max(1, Math.floor(TILES_A_FRAME / (width / TILE + 1)));
    const end = Math.min(y + height, (Math.floor(y / TILE) + rows) * TILE);
    this.#pending = end < y + height ? { x, y: end, width, height: y + height - end } : null;
    return this.#overlay.refresh({ x, y, width, height: end - y });
  }

  #drawPhoto() {
    const { context } = this.#fit("photo");
    const around = this.#look.image ? this.#around : null;
    if (around) drawAround(context, this.#viewport, around);
    if (this.#image && this.#look.image) drawPhoto(context, this.#viewport, (this.#lit ??= relit(this.#image, this.#light)));
    if (this.#document && this.#box) drawVeil(context, this.#viewport, this.#box, around !== null);
  }

  /** @param {Rect | null} stale image pixels; null: everything */
  #drawLabels(stale) {
    if (!stale) this.#fit("labels");
    if (this.#document && this.#overlay) this.#labels.draw(this.#document, this.#overlay, this.#look, stale);
  }

  /** A layer that is and stays empty is left alone: each canvas that changes costs the compositor a copy. */
  #drawMarkLayer() {
    if (!this.#marks && !this.#wereMarks) return;
    const { context } = this.#fit("marks");
    const ratio = this.#viewport.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#marks?.(context);
    this.#wereMarks = this.#marks !== null;
  }

  /** Make a layer as large as the pane, and clear it. @param {"photo" | "labels" | "marks"} name */
  #fit(name) {
    const { canvas, context } = this.#layers[name];
    const { width, height, devicePixelRatio } = this.#viewport;
    const [deviceWidth, deviceHeight] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
      Object.assign(canvas, { width: deviceWidth, height: deviceHeight });
    } else {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, deviceWidth, deviceHeight);
    }
    return this.#layers[name];
  }
}

/** @param {string} name */
function layer(name) {
  const canvas = /** @type {HTMLCanvasElement} */ (hook(name));
  return { canvas, context: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")) };
}
