/**
 * The six views of the part in work: the surface point under the pointer (or the keyboard's cursor) on all of them at
 * once, dots of placed points, one view enlarged.
 */

import { t } from "../core/strings.js";
import { N_VIEWS } from "./pick-map.js";
import { nearestSurfacePoint, pixelIn, pixelsInAllViews } from "./surface-point.js";
import { ViewCell } from "./view-cell.js";
import { listenToPointer } from "./view-pointer.js";
import { viewWords } from "./words.js";

/** @typedef {import("./surface-point.js").SurfacePoint} SurfacePoint */
/** @typedef {{view: number, x: number, y: number, point: SurfacePoint, isByKeys?: boolean, isSpent?: boolean}} Cursor x, y px of the view's picture; spent: it was clicked, and the pointer rests */

/** Beside the outline by less than this many CSS px still means the outline. */
const SNAP_PX = 5;

export class ViewsPane {
  /** @type {ViewCell[]} */
  cells;
  /** @type {import("./view-cache.js").PartViews | null} */
  views = null;
  /** The surface point under the pointer or the keys. @type {Cursor | null} */
  cursor = null;
  /** @type {number | null} */
  enlarged = null;
  bestView = 1;
  #bestName = "";
  /** The view that was pointed at, focused or offered last: the keys act on it. */
  #inHand = 1;

  /**
   * @param {HTMLElement} element the grid
   * @param {HTMLTemplateElement} template of a cell
   * @param {{place: (cursor: Cursor) => void, hover: (cursor: Cursor | null) => void}} events
   */
  constructor(element, template, events) {
    this.element = element;
    this.events = events;
    this.cells = Array.from({ length: N_VIEWS }, (_, i) => {
      const cell = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
      element.append(cell);
      return new ViewCell(cell, i + 1);
    });
    for (const cell of this.cells) {
      listenToPointer(cell, {
        hover: ({ number }, x, y) => this.#setCursor(this.cursorAt(number, x, y)),
        click: ({ number }, x, y) => this.#click(number, x, y),
        leave: () => this.#setCursor(null),
      });
      this.#captionOf(cell).addEventListener("click", () => this.enlarge(cell.number));
      cell.element.addEventListener("focus", () => {
        this.#inHand = cell.number;
      });
    }
  }

  /** Another person: begin with the side that they show. @param {string} [side] "front" or "back" */
  forget(side = "front") {
    this.#bestName = side;
    if (this.enlarged) this.enlarge(null);
  }

  /** @param {import("./view-cache.js").PartViews | null} views null while they load */
  show(views) {
    this.views = views;
    this.#setCursor(null);
    this.element.classList.toggle("is-loading", !views);
    if (!views) return;
    const { cameras } = views.surface;
    // From limb to limb the eye stays on the same side of the person; "top" of a foot and of the head have nothing in common.
    const isSide = /^(front|back)/.test(this.#bestName);
    this.bestView = (isSide && cameras.find(({ name }) => name === this.#bestName)?.number) || 1;
    const [{ up, down }] = cameras;
    this.cells.forEach((cell, i) => {
      const camera = cameras[i];
      cell.show(views.pictures[i], camera, views.frames[i]);
      cell.showEnds(camera.up === up ? "" : viewWords(camera.up), camera.down === down ? "" : viewWords(camera.down));
      this.#label(cell);
    });
  }

  /**
   * @param {(import("./view-cell.js").ViewDot[])[]} dots by view number - 1 @param {number} bestView 1..6
   * @param {(import("./view-cell.js").ViewLink[])[]} [links] by view number - 1
   */
  update(dots, bestView, links) {
    this.bestView = bestView;
    this.#bestName = this.views?.surface.cameras[bestView - 1].name ?? "";
    this.cells.forEach((cell, i) => {
      cell.showDots(dots[i], links?.[i]);
      cell.markBest(i + 1 === bestView);
    });
  }

  /** Where the current point may lie. @param {SurfacePoint | null} hint @param {import("./surface-side.js").HintSource | null} source */
  showHint(hint, source) {
    const pixels = hint && this.views ? pixelsInAllViews(this.views.surface, hint) : null;
    this.cells.forEach((cell, i) => cell.showGhost(pixels?.[i] ?? null, source ?? "neighbours"));
  }

  /** Another point is current: the keys go to the view that suits it, and the focus too where it is on a view. */
  offerBest() {
    if (this.cursor || this.enlarged) return;
    this.#inHand = this.bestView;
    if (this.element.contains(document.activeElement)) this.active.element.focus({ preventScroll: true });
  }

  /** @returns {ViewCell} the view that keys act on */
  get active() {
    return this.cells[(this.enlarged ?? this.#inHand) - 1];
  }

  /** @param {number | null} number the view to enlarge; null or the enlarged one: all six again */
  enlarge(number) {
    this.enlarged = number === this.enlarged ? null : number;
    this.element.classList.toggle("has-enlarged", this.enlarged !== null);
    for (const cell of this.cells) {
      cell.markEnlarged(cell.number === this.enlarged, this.enlarged !== null && cell.number !== this.enlarged);
    }
    if (number) this.cells[number - 1].element.focus({ preventScroll: true });
  }

  /**
   * Move the keyboard's cursor over the surface of the active view.
   * @param {number} dx @param {number} dy px of the picture
   * @param {SurfacePoint | null} start where it begins when there is no cursor
   */
  moveCursor(dx, dy, start) {
    if (!this.views) return;
    const view = this.active.number;
    const { surface } = this.views;
    const from = this.cursor?.view === view ? this.cursor : this.#startIn(view, this.cursor?.point ?? start);
    if (!from) return;
    const isFirst = from !== this.cursor;
    const next = isFirst ? from : this.cursorAt(view, from.x + dx, from.y + dy, surface.size / 40);
    if (next) this.#setCursor({ ...next, isByKeys: true });
  }

  /** @param {number} view @param {SurfacePoint | null} start @returns {Cursor | null} */
  #startIn(view, start) {
    const { surface, frames } = /** @type {import("./view-cache.js").PartViews} */ (this.views);
    const shown = start && pixelIn(surface, view, start);
    if (shown) return this.cursorAt(view, shown[0], shown[1]);
    const frame = frames[view - 1];
    return this.cursorAt(view, frame.x + frame.width / 2, frame.y + frame.height / 2, surface.size / 2);
  }

  /** @param {number} view @param {number} x @param {number} y @param {number} [reach] px of the picture @returns {Cursor | null} */
  cursorAt(view, x, y, reach = SNAP_PX / this.cells[view - 1].viewport.scale) {
    if (!this.views) return null;
    const point = nearestSurfacePoint(this.views.surface, view, x, y, reach);
    const pixel = point && pixelIn(this.views.surface, view, point);
    return point && pixel && { view, x: pixel[0], y: pixel[1], point };
  }

  /** @param {number} view @param {number} x @param {number} y */
  #click(view, x, y) {
    const cursor = this.cursorAt(view, x, y);
    this.#setCursor(cursor && { ...cursor, isSpent: true });
    if (cursor) this.events.place(cursor);
  }

  /** @param {Cursor | null} cursor */
  #setCursor(cursor) {
    this.cursor = cursor;
    if (cursor) this.#inHand = cursor.view;
    const pixels = cursor && this.views ? pixelsInAllViews(this.views.surface, cursor.point) : null;
    this.cells.forEach((cell, i) => cell.showRing(pixels?.[i] ?? null, i + 1 === cursor?.view));
    this.events.hover(cursor);
  }

  /** Take the cursor away, e.g. when another point became current by keyboard. */
  clearCursor() {
    this.#setCursor(null);
  }

  /** @param {ViewCell} cell @returns {HTMLButtonElement} which enlarges it, for whoever has no keys */
  #captionOf(cell) {
    return /** @type {HTMLButtonElement} */ (cell.element.querySelector("[data-cell-enlarge]"));
  }

  /** @param {ViewCell} cell */
  #label(cell) {
    const name = viewWords(cell.camera?.name ?? "");
    this.#captionOf(cell).setAttribute("title", t("Enlarge a view; again: all six"));
    cell.element.setAttribute("aria-label", t("View {n}, {name}. Arrow keys move the cursor, Enter places.", { n: cell.number, name }));
  }
}
