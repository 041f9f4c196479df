/** The bench for points: the photograph with the points by how far their answers lie apart, all answers on six views. */

import { t } from "../../annotator/workbench/core/strings.js";
import { readPoints } from "../../annotator/workbench/points/answers.js";
import { PhotoPane } from "../../annotator/workbench/points/photo-pane.js";
import { ViewCache } from "../../annotator/workbench/points/view-cache.js";
import { ViewsPane } from "../../annotator/workbench/points/views-pane.js";
import { hook } from "../../annotator/workbench/ui/dom.js";
import { pixelsOf, pointOfClick, pointOnPart } from "./answer-places.js";
import { OWN, colourOf, spreadColour } from "./colours.js";
import { PointChoice } from "./point-choice.js";
import { byUrgency, spreadsOf } from "./point-spread.js";

/** @typedef {import("../../annotator/workbench/points/answers.js").PhotoPoint} PhotoPoint */
/** @typedef {import("./point-spread.js").Spread} Spread */
/** @typedef {{point: PhotoPoint, row: number, spread: Spread}} Item a point, its row in the answers' columns */

const STATUS = { PLACED: 1, CANNOT_TELL: 2, NOT_THIS_PART: 3 };

export class PointsDesk {
  stage = "correspondence";
  choice = new PointChoice();
  /** In the order to look at them. @type {Item[]} */
  items = [];
  at = 0;
  data = /** @type {any} */ (null);
  #cache = new ViewCache();
  #photo;
  #views;
  #part = 0;
  #showsAll = true;
  #changed;
  #onViews;

  /** @param {{changed: () => void, onViews: (error: unknown | null) => void}} events */
  constructor({ changed, onViews }) {
    this.#changed = changed;
    this.#onViews = onViews;
    this.#photo = new PhotoPane(hook("photo"), { pick: (key) => this.goTo(key), moved: () => {} });
    this.#views = new ViewsPane(hook("views"), /** @type {HTMLTemplateElement} */ (hook("view-cell")), {
      place: ({ view, x, y }) => this.place({ status: "placed", view, x, y }),
      hover: () => {},
    });
  }

  /** @param {any} data @returns {Promise<Item[]>} */
  async prepare(data) {
    const { key, part } = data.points;
    const points = new Map(readPoints(data.points, data.crop).map((point) => [point.key, point]));
    const spreads = spreadsOf(data.answers, data.pairs, key.length);
    const items = byUrgency(spreads, part).map((row) => ({
      point: /** @type {PhotoPoint} */ (points.get(String(key[row]))), row, spread: spreads[row],
    }));
    const base = items[0] && data.views[items[0].point.part]?.base;
    if (base) this.#cache.load(base).catch(() => {});
    return items;
  }

  /** @param {import("./case-store.js").LoadedCase} loaded @param {number} first index of the answer to begin with */
  show({ data, image, prepared }, first) {
    [this.data, this.items, this.at, this.#part] = [data, prepared, 0, 0];
    this.choice = new PointChoice(first);
    this.#photo.show(image, data.crop);
    this.#views.forget();
    this.update();
    const parts = [...new Set(this.items.map(({ point }) => point.part))];
    this.#cache.preload(parts.flatMap((part) => data.views[part]?.base ?? []));
  }

  /** @returns {Item | null} */
  get current() {
    return this.items[this.at] ?? null;
  }

  /** @param {number} step */
  step(step) {
    this.at = Math.max(0, Math.min(this.items.length - 1, this.at + step));
    this.update();
  }

  /** @param {string} key */
  goTo(key) {
    this.at = Math.max(0, this.items.findIndex(({ point }) => point.key === key));
    this.update();
  }

  /** @param {number} part */
  goToPart(part) {
    const found = this.items.find(({ point }) => point.part === part);
    if (found) this.goTo(found.point.key);
  }

  /** Take the current point from an answer. @param {number} index */
  choose(index) {
    if (!this.current || index >= this.data.answers.length) return;
    this.choice.take(this.current.point.key, index);
    this.update();
  }

  /** Take the whole of an answer. @param {number} index */
  chooseAll(index) {
    if (index >= this.data.answers.length) return;
    this.choice.takeAll(index);
    this.update();
  }

  /** Take at each point the answer that stands when all are taken together. */
  chooseMerged() {
    const { merged, points } = this.data;
    if (!merged) return;
    this.choice.takeEach(points.key.map(String), merged.source);
    this.update();
  }

  get isMerged() {
    return this.choice.isMerged;
  }

  /** @param {import("./point-choice.js").Placed} answer */
  place(answer) {
    if (!this.current) return;
    this.choice.place(this.current.point.key, answer);
    this.update();
  }

  /** @returns {import("../../annotator/workbench/core/keys.js").Action[]} */
  actions() {
    const group = t("Points");
    return [
      { id: "next-point", label: t("Next point"), group, keys: ["arrowdown", "space"], repeats: true },
      { id: "previous-point", label: t("Point before"), group, keys: ["arrowup"], repeats: true },
      { id: "cannot-tell", label: t("Cannot tell"), group, keys: ["x"] },
      { id: "not-this-part", label: t("Not this part"), group, keys: ["m"] },
      { id: "show-all", label: t("All points, or this one alone"), group, keys: ["v"] },
      { id: "bare-photo", label: t("The photograph alone"), group, keys: ["h"], isHeld: true },
    ];
  }

  /** @param {string} id @param {"press" | "release"} phase @returns {boolean} whether it was one of this desk's */
  run(id, phase) {
    if (id === "bare-photo") this.#photo.hideMarks(phase === "press");
    else if (id === "next-point") this.step(1);
    else if (id === "previous-point") this.step(-1);
    else if (id === "cannot-tell") this.place({ status: "cannot_tell" });
    else if (id === "not-this-part") this.place({ status: "not_this_part" });
    else if (id === "show-all") {
      this.#showsAll = !this.#showsAll;
      this.update();
    } else return false;
    return true;
  }

  /** Show everything as it is now. */
  update() {
    const { current } = this;
    this.#photo.update(this.#marks(), null);
    if (current) this.#photo.bringIntoSight(current.point.x, current.point.y);
    if (current && current.point.part !== this.#part) this.#changePart(current.point.part);
    else this.#drawAnswers();
    this.#changed();
  }

  #marks() {
    const chosen = this.current?.point.key;
    return this.items
      .map(({ point: { key, x, y, number }, spread: { cm, isSplit } }) => ({
        key, x, y, number, isNear: false, isDoubtful: false, ...spreadColour(cm, isSplit),
        kind: /** @type {"current" | "placed"} */ (key === chosen ? "current" : "placed"),
      }))
      .sort((a, b) => Number(a.kind === "current") - Number(b.kind === "current"));
  }

  /** @param {number} part */
  async #changePart(part) {
    this.#part = part;
    const base = this.data.views[part]?.base;
    if (!base) return this.#views.show(null);
    const ready = this.#cache.ready(base);
    this.#views.show(ready);
    try {
      const views = ready ?? (await this.#cache.load(base));
      if (this.#part !== part) return;
      if (!ready) this.#views.show(views);
      this.#onViews(null);
      this.#drawAnswers();
    } catch (error) {
      if (this.#part === part) this.#onViews(error);
    }
  }

  #drawAnswers() {
    const { surface } = this.#views.views ?? {};
    const { current } = this;
    if (!surface || !current) return;
    const shown = this.items.filter(({ point }) => point.part === this.#part && (this.#showsAll || point === current.point));
    const places = shown.map((item) => this.#placesOf(item, surface, item.point === current.point)).reverse();
    const dots = [1, 2, 3, 4, 5, 6].map((_, view) => places.flatMap((place) => place.dots[view]));
    const links = [1, 2, 3, 4, 5, 6].map((_, view) => places.flatMap((place) => place.links[view]));
    const shownIn = dots.map((own) => own.filter((dot) => !dot.isSmall).length);
    this.#views.update(dots, shownIn.indexOf(Math.max(...shownIn)) + 1, links);
  }

  /**
   * @param {Item} item @param {import("./answer-places.js").PartSurface} surface @param {boolean} isCurrent
   * @returns {{dots: import("../../annotator/workbench/points/view-cell.js").ViewDot[][], links: import("../../annotator/workbench/points/view-cell.js").ViewLink[][]}}
   */
  #placesOf({ point, row }, surface, isCurrent) {
    const source = this.choice.sourceOf(point.key);
    const own = source.kind === "own" ? pixelsOf(surface, pointOfClick(surface, source.answer)) : null;
    /** @type {{pixels: (import("../../annotator/workbench/points/camera.js").Pixel | null)[], look: {fill: string, ink: string, number: number | string, isCurrent: boolean}}[]} */
    const all = this.data.answers.map((/** @type {any} */ answer, /** @type {number} */ index) => ({
      pixels: answer.status[row] === STATUS.PLACED ? pixelsOf(surface, pointOnPart(surface, answer.triangle[row], answer.weights[row])) : [],
      look: { ...colourOf(index), number: index + 1, isCurrent: isCurrent && source.kind === "answer" && source.index === index },
    }));
    if (own) all.push({ pixels: own, look: { ...OWN, number: "✓", isCurrent } });
    const dots = [0, 1, 2, 3, 4, 5].map((view) =>
      all.flatMap(({ pixels, look }) => (pixels[view] ? [{ pixel: pixels[view], ...look, isDoubtful: false, isSmall: !isCurrent }] : [])));
    const links = dots.map((seen) => seen.slice(1).map((dot) => ({ from: seen[0].pixel, to: dot.pixel, isCurrent })));
    return { dots, links };
  }
}
