/**
 * The correspondence screen: wires the model to the photograph, the views, the header and the keys. Edits go through the
 * model only; everything shown follows from it.
 */

import { hook } from "../ui/dom.js";
import { progressByPart } from "./answers.js";
import { suitableView } from "./guide.js";
import { Header } from "./header.js";
import { doubtfulPoints } from "./order-check.js";
import { marksOf } from "./photo-marks.js";
import { PhotoSide } from "./photo-side.js";
import { placedOnSurface } from "./placed-points.js";
import { pointColour } from "./point-colours.js";
import { ViewsPane } from "./views-pane.js";
import { pointWords } from "./words.js";

/** @typedef {import("./model.js").PointsModel} PointsModel */
/** @typedef {import("./view-cache.js").ViewCache} ViewCache */
/** @typedef {import("./placed-points.js").PlacedOnSurface} PlacedOnSurface */
/** @typedef {{number: number, name: string, side: "right" | "left" | null, colour: string}} PartInfo */

export class PointsScreen {
  /** @type {PointsModel | null} */
  model = null;
  /** @type {Record<string, {base: string}>} */
  #bases = {};
  /** The part whose views are asked for or shown. */
  #part = 0;
  /** @type {Map<number, Set<string>>} by part */
  #doubts = new Map();
  /** @type {PlacedOnSurface[]} of the part in work */
  #placed = [];
  #spoken = "";
  /** The point that was current when last rendered. */
  #shownKey = "";
  /** Where a point was placed last in this part. @type {import("./surface-point.js").SurfacePoint | null} */
  #lastPlace = null;
  /** @type {() => void} */
  #unwatch = () => {};

  /**
   * @param {object} options
   * @param {PartInfo[]} options.parts
   * @param {ViewCache} options.cache
   * @param {boolean} options.advances whether a click goes on to the next point
   * @param {(advances: boolean) => void} options.onAdvances the setting was changed
   * @param {(text: string) => void} options.say for screen readers
   * @param {(error: unknown | null) => void} options.onViews views could not be had; null: they are here
   */
  constructor({ parts, cache, advances, onAdvances, say, onViews }) {
    this.parts = new Map(parts.map((part) => [part.number, part]));
    this.cache = cache;
    this.say = say;
    this.onViews = onViews;
    const colours = parts.map((part) => /** @type {const} */ ([part.number, part.colour]));
    this.colours = new Map(colours);
    this.photo = new PhotoSide(this.parts, (key) => this.model?.goTo(key));
    this.views = new ViewsPane(hook("views"), /** @type {HTMLTemplateElement} */ (hook("view-cell")), {
      place: (cursor) => this.place(cursor, this.header.advances),
      hover: () => this.#lookAtSurface(),
    });
    this.header = new Header(this.parts, {
      advances, onAdvances,
      toPart: (part) => this.goToPart(part),
      toDoubt: () => this.goToDoubt(),
    });
  }

  /**
   * Show a person.
   * @param {PointsModel} model
   * @param {{image: ImageBitmap | null, crop: {width: number, height: number}, labels: Uint8Array, bases: Record<string, {base: string}>}} work
   */
  show(model, { image, crop, labels, bases }) {
    this.#unwatch();
    this.model = model;
    this.#bases = bases;
    this.#part = 0;
    this.#doubts.clear();
    this.#spoken = "";
    this.#shownKey = "";
    this.views.forget();
    this.photo.show(image, crop, labels);
    this.header.begin(progressByPart(model.points, model.draft.answers));
    this.#unwatch = model.store.watch(["draft"], () => this.render());
    this.render();
    // In working order from here on, so that the next change of part finds its files.
    const parts = [...new Set(model.points.map((point) => point.part))];
    const at = parts.indexOf(model.current.part);
    this.cache.preload([...parts.slice(at), ...parts.slice(0, at)].map((part) => bases[part].base));
  }

  /** @param {import("./views-pane.js").Cursor} cursor @param {boolean} goesOn */
  place({ view, x, y, point }, goesOn) {
    this.#lastPlace = point;
    const round = (/** @type {number} */ value) => Math.round(value * 1000) / 1000;
    this.model?.give({ status: "placed", view, x: round(x), y: round(y) }, goesOn);
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
    const doubtful = new Set([...this.#doubts.values()].flatMap((keys) => [...keys]));
    const at = this.model.points.indexOf(this.model.current);
    const after = [...this.model.points.slice(at + 1), ...this.model.points.slice(0, at + 1)];
    const target = after.find((point) => doubtful.has(point.key));
    if (target) this.model.goTo(target.key);
  }

  /** Show the model as it is. */
  render() {
    const { model } = this;
    if (!model) return;
    const { current } = model;
    if (current.part !== this.#part) this.#changePart(current.part);
    this.#renderViews();
    const doubtful = new Set([...this.#doubts.values()].flatMap((keys) => [...keys]));
    this.photo.update(marksOf(model.points, model.draft, doubtful, this.colours), current.part);
    this.header.update(model, this.views.views?.surface.cameras[0] ?? null, doubtful);
    const words = pointWords(current, this.parts.get(current.part)?.name ?? "", model.answer, doubtful.has(current.key));
    if (words !== this.#spoken) this.say(words);
    this.#spoken = words;
  }

  /** Load the views of the part in work again, after trouble. */
  retryViews() {
    this.#part = 0;
    this.render();
  }

  /** @param {number} part */
  async #changePart(part) {
    this.#part = part;
    this.#placed = [];
    this.#lastPlace = null;
    const base = this.#bases[part]?.base;
    const loading = this.cache.load(base);
    // Shown at once where it is ready; else the old part goes away rather than taking a click meant for the new one.
    const ready = this.cache.ready(base);
    this.views.show(ready);
    if (!ready) {
      try {
        const views = await loading;
        if (this.#part !== part) return;
        this.views.show(views);
        this.render();
      } catch (error) {
        if (this.#part === part) this.onViews(error);
        return;
      }
    }
    this.onViews(null);
    this.#unpackNext(part);
  }

  /** Have the part that comes next unpacked before it is wanted. @param {number} part */
  #unpackNext(part) {
    const parts = [...new Set(this.model?.points.map((point) => point.part))];
    const next = parts[parts.indexOf(part) + 1];
    if (next) setTimeout(() => this.cache.load(this.#bases[next].base).catch(() => {}), 200);
  }

  #renderViews() {
    const { model } = this;
    const views = this.views.views;
    if (!model || !views) return;
    const { current, draft } = model;
    const points = model.points.filter((point) => point.part === current.part);
    this.#placed = placedOnSurface(views.surface, points, draft.answers);
    const doubtful = doubtfulPoints(this.#placed);
    this.#doubts.set(current.part, doubtful);
    const others = this.#placed.filter((placed) => placed.key !== current.key);
    const own = draft.answers[current.key];
    const usual = own?.status === "placed" ? own.view : this.views.bestView;
    const best = own?.status === "placed" ? own.view : suitableView(views.surface, current, others, usual);
    this.views.update(this.views.cells.map((_, i) => this.#dotsIn(i, doubtful)), best);
    if (current.key !== this.#shownKey) this.views.offerBest();
    this.#shownKey = current.key;
    this.#lookAtSurface();
  }

  /** @param {number} i view number - 1 @param {Set<string>} doubtful @returns {import("./view-cell.js").ViewDot[]} */
  #dotsIn(i, doubtful) {
    const currentKey = this.model?.draft.current;
    return this.#placed.flatMap(({ key, number, ofPart, pixels }) => {
      const pixel = pixels[i];
      if (!pixel) return [];
      const isCurrent = key === currentKey;
      return [{ pixel, number, isCurrent, isDoubtful: doubtful.has(key), ...pointColour(number, ofPart) }];
    });
  }

  /** The surface lens follows the pointer, else the current answer. */
  #lookAtSurface() {
    const { cursor, cells } = this.views;
    const answer = this.model?.answer;
    const at = cursor ?? (answer?.status === "placed" ? answer : null);
    if (at && this.views.views) this.photo.lookAtSurface(cells[at.view - 1], at.x, at.y);
    else this.photo.lookAtSurface(null, 0, 0);
  }

  /** The surface point to start a cursor from: the current answer, else where the last point was placed. */
  get startOfCursor() {
    const own = this.#placed.find((placed) => placed.key === this.model?.draft.current);
    return own?.point ?? this.#lastPlace ?? this.#placed[this.#placed.length - 1]?.point ?? null;
  }
}
