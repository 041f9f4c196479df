/**
 * The correspondence screen: wires the model to the photograph, the surface and the header. Edits go through the model
 * only; everything shown follows from it.
 */

import { progressByPart } from "./answers.js";
import { Header } from "./header.js";
import { marksOf } from "./photo-marks.js";
import { PhotoSide } from "./photo-side.js";
import { SurfaceSide } from "./surface-side.js";
import { pointWords } from "./words.js";

/** @typedef {import("./model.js").PointsModel} PointsModel */
/** @typedef {{number: number, name: string, side: "right" | "left" | null, colour: string}} PartInfo */

/** The server keeps single precision; more digits would only make drafts longer. */
const DIGITS = 1000;

export class PointsScreen {
  /** @type {PointsModel | null} */
  model = null;
  #spoken = "";
  /** @type {() => void} */
  #unwatch = () => {};

  /**
   * @param {object} options
   * @param {PartInfo[]} options.parts
   * @param {import("./view-cache.js").ViewCache} options.cache
   * @param {boolean} options.advances whether a click goes on to the next point
   * @param {(advances: boolean) => void} options.onAdvances the setting was changed
   * @param {boolean} options.showsHints whether a point's place is hinted at from its neighbours
   * @param {(showsHints: boolean) => void} options.onHints the setting was changed
   * @param {(text: string) => void} options.say for screen readers
   * @param {(error: unknown | null) => void} options.onViews views could not be had; null: they are here
   */
  constructor({ parts, cache, advances, onAdvances, showsHints, onHints, say, onViews }) {
    this.parts = new Map(parts.map((part) => [part.number, part]));
    this.colours = new Map(parts.map(({ number, colour }) => /** @type {const} */ ([number, colour])));
    this.say = say;
    this.onHints = onHints;
    this.photo = new PhotoSide(this.parts, (key) => this.model?.goTo(key));
    this.surface = new SurfaceSide({
      cache, onViews,
      onPlace: (cursor) => this.place(cursor, this.header.advances),
      onLook: (cell, x, y) => this.photo.lookAtSurface(cell, x, y),
      onReady: () => this.render(),
    });
    this.surface.showsHints = showsHints;
    this.header = new Header(this.parts, {
      advances, onAdvances,
      takeHint: () => this.takeHint(),
      toPart: (part) => this.goToPart(part),
      toDoubt: () => this.goToDoubt(),
    });
  }

  get views() {
    return this.surface.views;
  }

  /**
   * Show a person.
   * @param {PointsModel} model
   * @param {{image: ImageBitmap | null, crop: {width: number, height: number}, labels: Uint8Array, bases: import("./surface-side.js").Bases, isFromBehind: boolean | null, proposal: import("./proposed-points.js").Proposal | null}} work
   */
  show(model, { image, crop, labels, bases, isFromBehind, proposal }) {
    this.#unwatch();
    this.model = model;
    this.#spoken = "";
    this.photo.show(image, crop, labels, isFromBehind);
    this.surface.begin(model, bases, isFromBehind, proposal);
    this.header.begin(progressByPart(model.points, model.draft.answers));
    this.#unwatch = model.store.watch(["draft"], () => this.render());
    this.render();
  }

  /** @param {import("./views-pane.js").Cursor} cursor @param {boolean} goesOn */
  place(cursor, goesOn) {
    this.surface.remember(cursor);
    this.model?.give(placed(cursor), goesOn);
  }

  /** One's own earlier answers of the part in work stay as they were. */
  takeEarlier() {
    this.views.clearCursor();
    this.model?.giveMany(this.surface.earlierPlaces.map(([key, cursor]) => [key, placed(cursor)]));
  }

  /** The hint becomes the answer. */
  takeHint() {
    const { hint } = this.surface;
    if (!hint) return;
    this.views.clearCursor();
    this.place(hint, this.header.advances);
  }

  /** @returns {boolean} whether hints are shown from now on */
  toggleHints() {
    this.surface.showsHints = !this.surface.showsHints;
    this.render();
    return this.surface.showsHints;
  }

  /**
   * Move the current answer over the surface of the view it was given in.
   * @param {number} dx @param {number} dy px of the view
   */
  nudgePlaced(dx, dy) {
    const answer = this.model?.answer;
    if (answer?.status !== "placed") return;
    const cursor = this.views.cursorAt(answer.view, answer.x + dx, answer.y + dy, 0);
    if (!cursor) return;
    this.views.clearCursor();
    this.place(cursor, false);
  }

  /** @param {number} part */
  goToPart(part) {
    const points = this.model?.points.filter((point) => point.part === part) ?? [];
    const target = points.find((point) => !this.model?.draft.answers[point.key]) ?? points[0];
    if (target) this.model?.goTo(target.key);
  }

  /** The next point with a quiet mark, round and round. */
  goToDoubt() {
    if (!this.model) return;
    const { points, current } = this.model;
    const { doubtful } = this.surface;
    const at = points.indexOf(current);
    const target = [...points.slice(at + 1), ...points.slice(0, at + 1)].find(({ key }) => doubtful.has(key));
    if (target) this.model.goTo(target.key);
  }

  /** Show the model as it is. */
  render() {
    const { model } = this;
    if (!model) return;
    const { current } = model;
    this.surface.update();
    const { doubtful } = this.surface;
    this.photo.update(marksOf(model.points, model.draft, doubtful, this.colours), current.part);
    this.header.update(model, this.surface.camera, doubtful, this.surface.hintSource);
    const words = pointWords(current, this.parts.get(current.part)?.name ?? "", model.answer, {
      isDoubtful: doubtful.has(current.key), hint: this.surface.hintSource, view: this.views.active,
    });
    if (words !== this.#spoken) this.say(words);
    this.#spoken = words;
  }
}

/** @param {import("./views-pane.js").Cursor} cursor @returns {import("./answers.js").Answer} */
function placed({ view, x, y }) {
  return { status: "placed", view, x: Math.round(x * DIGITS) / DIGITS, y: Math.round(y * DIGITS) / DIGITS };
}
