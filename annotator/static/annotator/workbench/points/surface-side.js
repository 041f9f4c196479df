/** The right of the screen: loads the views of the part in work, shows its answers on them, and finds what looks amiss. */

import { hook } from "../ui/dom.js";
import { suitableView } from "./guide.js";
import { neighbourHint } from "./neighbour-hint.js";
import { doubtfulPoints } from "./order-check.js";
import { placedOnSurface } from "./placed-points.js";
import { proposedCursor } from "./proposed-points.js";
import { pointColour } from "./point-colours.js";
import { ViewsPane } from "./views-pane.js";

/** @typedef {import("./model.js").PointsModel} PointsModel */
/** @typedef {import("./views-pane.js").Cursor} Cursor */
/** @typedef {import("./placed-points.js").PlacedOnSurface} PlacedOnSurface */
/** @typedef {"model" | "previous" | "neighbours"} HintSource a model, one's own answer that was sent back, the placed neighbours */
/** @typedef {Record<string, {base: string}>} Bases addresses of the parts' views, by part number */

/** After a change of part the next one is unpacked when the screen has come to rest. */
const REST_MS = 200;

export class SurfaceSide {
  /** @type {PointsModel | null} */
  #model = null;
  /** @type {Bases} */
  #bases = {};
  /** The part whose views are asked for or shown. */
  #part = 0;
  /** @type {Map<number, Set<string>>} by part */
  #doubts = new Map();
  /** @type {PlacedOnSurface[]} of the part in work */
  #placed = [];
  /** The point that was current when last shown. */
  #shownKey = "";
  /** Where the current point may lie, and whether that is shown. @type {Cursor | null} */
  hint = null;
  showsHints = true;
  /** Whether the hint was proposed for this very point, by a model or by one's own earlier answer: that, Enter takes. */
  isProposed = false;
  /** @type {import("./proposed-points.js").Proposal | null} */
  #proposal = null;
  /** Where a point was placed last in this part. @type {import("./surface-point.js").SurfacePoint | null} */
  #lastPlace = null;

  /**
   * @param {object} options
   * @param {import("./view-cache.js").ViewCache} options.cache
   * @param {(cursor: Cursor) => void} options.onPlace a click
   * @param {(view: import("./view-cell.js").ViewCell | null, x: number, y: number) => void} options.onLook what the lens
   *   should show, px of the picture
   * @param {() => void} options.onReady views came after a wait
   * @param {(error: unknown | null) => void} options.onViews views could not be had; null: they are here
   */
  constructor({ cache, onPlace, onLook, onReady, onViews }) {
    this.cache = cache;
    this.onLook = onLook;
    this.onReady = onReady;
    this.onViews = onViews;
    this.views = new ViewsPane(hook("views"), /** @type {HTMLTemplateElement} */ (hook("view-cell")), {
      place: onPlace,
      hover: () => this.#look(),
    });
  }

  /**
   * Another person.
   * @param {PointsModel} model @param {Bases} bases @param {boolean | null} isFromBehind whether they show their back
   * @param {import("./proposed-points.js").Proposal | null} proposal
   */
  begin(model, bases, isFromBehind, proposal) {
    this.#model = model;
    this.#proposal = proposal;
    this.#bases = bases;
    this.#part = 0;
    this.#doubts.clear();
    this.#shownKey = "";
    this.views.forget(isFromBehind ? "back" : "front");
    // In working order from here on, so that the next change of part finds its files.
    const at = this.#parts.indexOf(model.current.part);
    const wanted = [...this.#parts.slice(at), ...this.#parts.slice(0, at)].filter((part) => part in bases);
    this.cache.preload(wanted.map((part) => bases[part].base));
  }

  /** Keys of all points that deserve a second look. @returns {Set<string>} */
  get doubtful() {
    return new Set([...this.#doubts.values()].flatMap((keys) => [...keys]));
  }

  /** The camera of the part's first view, when its views are here. */
  get camera() {
    return this.views.views?.surface.cameras[0] ?? null;
  }

  /** The surface point to start a cursor from: the current answer, else the hint, else where the last point was placed. */
  get startOfCursor() {
    const own = this.#placed.find(({ key }) => key === this.#model?.draft.current);
    return own?.point ?? this.hint?.point ?? this.#lastPlace ?? this.#placed[this.#placed.length - 1]?.point ?? null;
  }

  /** @returns {HintSource | null} where the hint comes from */
  get hintSource() {
    if (!this.hint) return null;
    if (!this.isProposed) return "neighbours";
    return this.#proposal?.source === "previous" ? "previous" : "model";
  }

  /**
   * The places of one's own earlier answer to the points of the part in work that are open; a model's are taken one by one.
   * @returns {[string, Cursor][]} by key
   */
  get earlierPlaces() {
    const { views } = this.views;
    const model = this.#model;
    if (!views || !model || this.#proposal?.source !== "previous") return [];
    const { points } = this.#proposal;
    return model.points.filter(({ key, part }) => part === this.#part && !model.draft.answers[key]).flatMap(({ key }) => {
      const cursor = proposedCursor(views.surface, points[key]);
      return cursor ? [/** @type {[string, Cursor]} */ ([key, cursor])] : [];
    });
  }

  /** @param {Cursor} cursor that was made an answer */
  remember(cursor) {
    this.#lastPlace = cursor.point;
  }

  /** Load the views of the part in work again, after trouble. */
  retry() {
    this.#part = 0;
    this.update();
  }

  /** Show the model as it is. */
  update() {
    const model = this.#model;
    if (!model) return;
    const { current, draft, answer } = model;
    if (current.part !== this.#part) this.#changePart(current.part);
    this.hint = null;
    this.isProposed = false;
    const { views, bestView } = this.views;
    if (!views) return;
    const points = model.points.filter(({ part }) => part === current.part);
    this.#placed = placedOnSurface(views.surface, points, draft.answers);
    const doubtful = doubtfulPoints(this.#placed);
    this.#doubts.set(current.part, doubtful);
    const others = this.#placed.filter(({ key }) => key !== current.key);
    const proposed = answer || !this.showsHints ? null : proposedCursor(views.surface, this.#proposal?.points[current.key]);
    const best = answer?.status === "placed" ? answer.view : proposed?.view ?? suitableView(views.surface, current, others, bestView);
    if (proposed) [this.hint, this.isProposed] = [proposed, true];
    else if (!answer && this.showsHints) this.hint = neighbourHint(views.surface, best, current, others.filter(({ key }) => !doubtful.has(key)));
    this.views.update(this.views.cells.map((_, i) => this.#dotsIn(i, doubtful)), best);
    this.views.showHint(this.hint?.point ?? null, this.hintSource);
    if (current.key !== this.#shownKey) this.views.offerBest();
    this.#shownKey = current.key;
    this.#look();
  }

  get #parts() {
    return [...new Set(this.#model?.points.map(({ part }) => part))];
  }

  /** @param {number} part */
  async #changePart(part) {
    this.#part = part;
    this.#placed = [];
    this.#lastPlace = null;
    const base = this.#bases[part]?.base ?? "";
    const loading = this.cache.load(base);
    // Shown at once where it is ready; else the old part goes away rather than taking a click meant for the new one.
    const ready = this.cache.ready(base);
    this.views.show(ready);
    try {
      const views = ready ?? (await loading);
      if (this.#part !== part) return;
      this.onViews(null);
      if (ready) return;
      this.views.show(views);
      this.onReady();
    } catch (error) {
      if (this.#part === part) this.onViews(error);
    } finally {
      setTimeout(() => this.#unpackAfter(part), REST_MS);
    }
  }

  /** Have the part that comes next unpacked before it is wanted. @param {number} part */
  #unpackAfter(part) {
    const next = this.#bases[this.#parts[this.#parts.indexOf(part) + 1]];
    if (next && this.#part === part) this.cache.load(next.base).catch(() => {});
  }

  /** @param {number} i view number - 1 @param {Set<string>} doubtful @returns {import("./view-cell.js").ViewDot[]} */
  #dotsIn(i, doubtful) {
    return this.#placed.flatMap(({ key, number, ofPart, pixels }) => {
      const pixel = pixels[i];
      if (!pixel) return [];
      const isCurrent = key === this.#model?.draft.current;
      return [{ pixel, number, isCurrent, isDoubtful: doubtful.has(key), ...pointColour(number, ofPart) }];
    });
  }

  /** The lens follows the pointer, else the current answer. */
  #look() {
    const { cursor, cells, views } = this.views;
    const answer = this.#model?.answer;
    const at = cursor ?? (answer?.status === "placed" ? answer : null);
    if (at && views) this.onLook(cells[at.view - 1], at.x, at.y);
    else this.onLook(null, 0, 0);
  }
}
