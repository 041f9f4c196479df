/** The left of the screen: the photograph, its two magnifiers, and which side of it is the person's right. */

import { t } from "../core/strings.js";
import { hook, setText } from "../ui/dom.js";
import { drawCross, drawNumbered, drawTarget } from "./dots.js";
import { Magnifier } from "./magnifier.js";
import { boundsOf, outlineOf, sideOfPersonsRight } from "./outline.js";
import { drawMark } from "./photo-marks.js";
import { PhotoPane } from "./photo-pane.js";
import { viewWords } from "./words.js";

/** @typedef {import("./photo-marks.js").Mark} Mark */
/** @typedef {import("./view-cell.js").ViewCell} ViewCell */

export class PhotoSide {
  #pane = hook("photo");
  #lens;
  #surfaceLens;
  /** @type {Mark | null} */
  #current = null;
  /** @type {{labels: Uint8Array, width: number, height: number} | null} */
  #map = null;
  #part = 0;
  #colour = "";
  #gain = 1;
  #isAtPart = false;
  /** @type {import("./photo-pane.js").Outline | null} */
  #outline = null;
  /** @type {import("./view-cell.js").ViewDot[]} */
  #surfaceDots = [];

  /**
   * @param {Map<number, import("./screen.js").PartInfo>} parts
   * @param {(key: string) => void} onPick
   */
  constructor(parts, onPick) {
    this.parts = parts;
    this.pane = new PhotoPane(this.#pane, { pick: onPick, moved: () => this.#look() });
    this.#lens = new Magnifier(hook("lens-photo"), (context, view) => this.#drawLens(context, view));
    this.#surfaceLens = new Magnifier(hook("lens-surface"), (context, view, middle) => this.#drawSurfaceLens(context, view, middle));
  }

  /**
   * @param {ImageBitmap | null} image
   * @param {{width: number, height: number}} crop
   * @param {Uint8Array} labels
   * @param {boolean | null} isFromBehind by the shoulders
   */
  show(image, crop, labels, isFromBehind) {
    this.#map = { labels, width: crop.width, height: crop.height };
    this.#part = 0;
    this.pane.show(image, crop);
    const sides = new Map([...this.parts.values()].map(({ number, side }) => [number, side]));
    const right = sideOfPersonsRight(labels, crop.width, sides);
    const [before, after] = [hook("side-before"), hook("side-after")];
    // Twisted, a person has no one side to name: the legs say this, the shoulders that.
    const isTwisted = isFromBehind !== null && isFromBehind !== (right === "right");
    before.hidden = after.hidden = right === null || isTwisted;
    before.dataset.side = right === "left" ? "right" : "left";
    after.dataset.side = right === "left" ? "left" : "right";
    before.textContent = `◂ ${right === "left" ? t("person’s right") : t("person’s left")}`;
    after.textContent = `${right === "left" ? t("person’s left") : t("person’s right")} ▸`;
  }

  /** @param {Mark[]} marks the current one last @param {number} part the part in work */
  update(marks, part) {
    this.#current = marks[marks.length - 1];
    if (part !== this.#part && this.#map) {
      this.#part = part;
      this.#colour = this.parts.get(part)?.colour ?? "#000000";
      const { labels, width, height } = this.#map;
      this.#outline = { loops: outlineOf(labels, width, height, part), colour: this.#colour };
    }
    this.pane.update(marks, this.#outline);
    const { image } = this.pane;
    this.#gain = image ? this.#lens.gainFor(image, this.#current.x, this.#current.y, 40 / this.pane.viewport.scale) : 1;
    hook("lens-photo-name").textContent = this.#gain > 1 ? t("Photo, brightened") : t("Photo");
    this.pane.bringIntoSight(this.#current.x, this.#current.y);
    this.#look();
  }

  /** Bring the part in work as large as it can be; when it already is, show the whole person. */
  zoomToPart() {
    const { viewport } = this.pane;
    if (this.#isAtPart) viewport.fit();
    else if (this.#outline?.loops.length) viewport.zoomTo(boundsOf(this.#outline.loops));
    this.#isAtPart = !viewport.isFitted;
  }

  /**
   * The surface near the pointer.
   * @param {ViewCell | null} cell @param {number} x @param {number} y px of its picture
   */
  lookAtSurface(cell, x, y) {
    const figure = this.#surfaceLens.figure;
    figure.hidden = !cell?.picture;
    if (!cell?.picture) return;
    this.#surfaceDots = cell.dots;
    this.#surfaceLens.look(cell.picture, x, y, cell.viewport.scale);
    const name = `${t("Surface")}, ${viewWords(cell.camera?.name ?? "")}`;
    const caption = hook("lens-surface-name");
    setText(caption, name);
  }

  #look() {
    const { image, viewport } = this.pane;
    if (!image || !this.#current) return;
    const { x, y } = this.#current;
    this.#lens.look(image, x, y, Math.max(viewport.scale, 0.5), this.#gain);
    // The lenses stand in the lower left corner, unless the current point does.
    const at = viewport.toScreen(x, y);
    hook("lenses").classList.toggle("is-right", at.x < 200 && at.y > viewport.height - 360);
  }

  /** @param {CanvasRenderingContext2D} context @param {{scale: number, x: number, y: number}} view */
  #drawLens(context, view) {
    this.pane.drawOutline(context, view);
    for (const mark of this.pane.marks) {
      const [x, y] = [view.x + mark.x * view.scale, view.y + mark.y * view.scale];
      if (mark.kind === "current") drawCross(context, x, y, 26);
      else drawMark(context, x, y, mark);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{scale: number, x: number, y: number}} view
   * @param {{x: number, y: number}} middle
   */
  #drawSurfaceLens(context, view, middle) {
    for (const dot of this.#surfaceDots) {
      drawNumbered(context, view.x + dot.pixel[0] * view.scale, view.y + dot.pixel[1] * view.scale, dot);
    }
    drawTarget(context, middle.x, middle.y);
  }
}
