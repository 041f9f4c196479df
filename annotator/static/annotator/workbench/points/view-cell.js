/** One of the six views: its picture, its dots, the ring at the surface point under the pointer. Only draws. */

import { Viewport } from "../core/viewport.js";
import { drawCompass } from "./compass.js";
import { drawDisc, drawGhost, drawLink, drawNumbered } from "./dots.js";
import { Layer } from "./layer.js";
import { BEST_MARGIN, FRAME_MARGIN } from "./view-frame.js";
import { viewWords } from "./words.js";

/** @typedef {import("./camera.js").Pixel} Pixel */
/** @typedef {{pixel: Pixel, fill: string, ink: string, number: number | string, isCurrent: boolean, isDoubtful: boolean, isSmall?: boolean}} ViewDot */
/** @typedef {{from: Pixel, to: Pixel, isCurrent: boolean}} ViewLink a line between two answers to one point */

export class ViewCell {
  viewport = new Viewport({ padding: 0 });
  /** @type {ViewDot[]} */
  dots = [];
  /** @type {ViewLink[]} */
  #links = [];
  /** Where a hint lies. @type {{at: Pixel, source: import("./surface-side.js").HintSource} | null} */
  #ghost = null;
  /** @type {ImageBitmap | null} */
  picture = null;
  /** @type {import("./camera.js").ViewCamera | null} */
  camera = null;
  /** @type {import("../core/viewport.js").Rect} */
  #frame = { x: 0, y: 0, width: 1, height: 1 };
  #isBest = false;
  #isZoomed = false;
  #pictureLayer;
  #dotLayer;
  /** @type {HTMLElement} */
  #ring;
  /** @type {Pixel | null} */
  #ringAt = null;

  /** @param {HTMLElement} element a filled copy of the page's view-cell template @param {number} number 1..6 */
  constructor(element, number) {
    this.element = element;
    this.number = number;
    this.#ring = part(element, "ring");
    part(element, "number").textContent = String(number);
    this.#pictureLayer = new Layer(/** @type {any} */ (part(element, "picture")), (context) => this.#drawPicture(context));
    this.#dotLayer = new Layer(/** @type {any} */ (part(element, "dots")), (context) => this.#drawDots(context));
    this.viewport.watch(() => this.#redraw());
    new ResizeObserver(() => this.#resize()).observe(element);
  }

  /**
   * @param {ImageBitmap} picture
   * @param {import("./camera.js").ViewCamera} camera
   * @param {import("../core/viewport.js").Rect} frame px of the picture
   */
  show(picture, camera, frame) {
    [this.picture, this.camera, this.#frame, this.#isZoomed] = [picture, camera, frame, false];
    const set = (/** @type {string} */ name, /** @type {string} */ text) => {
      part(this.element, name).textContent = text;
    };
    set("name", viewWords(camera.name));
    set("left", camera.left && `◂ ${viewWords(camera.left)}`);
    set("right", camera.right && `${viewWords(camera.right)} ▸`);
    drawCompass(/** @type {any} */ (part(this.element, "compass")), camera);
    this.viewport.imageWidth = picture.width;
    this.viewport.imageHeight = picture.height;
    this.frame();
  }

  /** The words above and below, shown where they are not those of the part's first view. @param {string} up @param {string} down */
  showEnds(up, down) {
    part(this.element, "up").textContent = up;
    part(this.element, "down").textContent = down;
  }

  /** @param {boolean} isBest */
  markBest(isBest) {
    if (this.#isBest === isBest) return;
    this.#isBest = isBest;
    this.element.classList.toggle("is-best", isBest);
    if (!this.#isZoomed) this.frame();
  }

  /** Show the whole part again. */
  frame() {
    this.viewport.zoomTo(this.#frame, this.#isBest ? BEST_MARGIN : FRAME_MARGIN);
    this.#isZoomed = false;
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] px of the cell */
  zoomAt(factor, x, y) {
    this.viewport.zoomAt(factor, x, y);
    this.#isZoomed = true;
  }

  /** @param {number} dx @param {number} dy px of the cell */
  panBy(dx, dy) {
    this.viewport.panBy(dx, dy);
    this.#isZoomed = true;
  }

  /** @param {ViewDot[]} dots @param {ViewLink[]} [links] under the dots */
  showDots(dots, links = []) {
    if (!dots.length && !this.dots.length) return;
    this.dots = dots;
    this.#links = links;
    this.#dotLayer.ask();
  }

  /** Where a hint lies, under the dots. @param {Pixel | null} ghost px of the picture @param {import("./surface-side.js").HintSource} source */
  showGhost(ghost, source) {
    if (!ghost && !this.#ghost) return;
    this.#ghost = ghost && { at: ghost, source };
    this.#dotLayer.ask();
  }

  /**
   * The same surface point, in every view at once.
   * @param {Pixel | null} pixel px of the picture @param {boolean} isSource whether the pointer is in this view
   */
  showRing(pixel, isSource) {
    const ring = this.#ring;
    if (!pixel) {
      if (this.#ringAt) ring.hidden = true;
      this.#ringAt = null;
      return;
    }
    const { x, y } = this.viewport.toScreen(pixel[0], pixel[1]);
    ring.style.transform = `translate(${x}px, ${y}px)`;
    if (!this.#ringAt) ring.hidden = false;
    ring.classList.toggle("is-source", isSource);
    this.#ringAt = pixel;
  }

  /** @param {boolean} isEnlarged @param {boolean} isAside another one is enlarged */
  markEnlarged(isEnlarged, isAside) {
    this.element.classList.toggle("is-enlarged", isEnlarged);
    this.element.classList.toggle("is-aside", isAside);
    this.#isZoomed = false;
    this.#resize();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    const isFramed = !this.#isZoomed;
    this.viewport.setPane(width, height, devicePixelRatio);
    if (isFramed) this.frame();
    this.#pictureLayer.resize(width, height);
    this.#dotLayer.resize(width, height);
  }

  #redraw() {
    this.#pictureLayer.ask();
    this.#dotLayer.ask();
    if (this.#ringAt) this.showRing(this.#ringAt, this.#ring.classList.contains("is-source"));
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawPicture(context) {
    if (!this.picture) return;
    context.setTransform(...this.viewport.transform);
    context.imageSmoothingQuality = "medium";
    context.drawImage(this.picture, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawDots(context) {
    const at = (/** @type {Pixel} */ [x, y]) => this.viewport.toScreen(x, y);
    for (const { from, to, isCurrent } of this.#links) drawLink(context, at(from), at(to), isCurrent);
    if (this.#ghost) drawGhost(context, at(this.#ghost.at).x, at(this.#ghost.at).y, this.#ghost.source);
    for (const dot of this.dots) {
      const { x, y } = at(dot.pixel);
      if (dot.isSmall) drawDisc(context, x, y, 2.5, dot.fill);
      else drawNumbered(context, x, y, dot);
    }
  }
}

/** @param {HTMLElement} element @param {string} name @returns {HTMLElement} */
function part(element, name) {
  return /** @type {HTMLElement} */ (element.querySelector(`[data-cell-${name}]`));
}
