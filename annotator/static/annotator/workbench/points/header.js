/** The words over the views and in the top bar: part, count, which end is up, what to check, progress by part. */

import { t } from "../core/strings.js";
import { hook } from "../ui/dom.js";
import { countAnswered, progressByPart } from "./answers.js";
import { ProgressStrip } from "./progress-strip.js";
import { answerWords, endWords, progressWords } from "./words.js";

/** @typedef {import("./screen.js").PartInfo} PartInfo */

export class Header {
  #strip;
  #advance = /** @type {HTMLButtonElement} */ (hook("advance"));
  #doubt = /** @type {HTMLButtonElement} */ (hook("doubt"));
  #hint = /** @type {HTMLButtonElement} */ (hook("take-hint"));

  /**
   * @param {Map<number, PartInfo>} parts
   * @param {object} options
   * @param {boolean} options.advances
   * @param {(advances: boolean) => void} options.onAdvances
   * @param {() => void} options.takeHint
   * @param {(part: number) => void} options.toPart
   * @param {() => void} options.toDoubt
   */
  constructor(parts, { advances, onAdvances, takeHint, toPart, toDoubt }) {
    this.parts = parts;
    this.advances = advances;
    this.onAdvances = onAdvances;
    this.#strip = new ProgressStrip(hook("strip"), toPart);
    this.#advance.addEventListener("click", () => this.toggleAdvance());
    this.#doubt.addEventListener("click", toDoubt);
    this.#hint.addEventListener("click", takeHint);
    this.#showAdvance();
  }

  /** @param {import("./progress-strip.js").PartProgress[]} rows */
  begin(rows) {
    this.#strip.build(rows, this.parts);
  }

  toggleAdvance() {
    this.advances = !this.advances;
    this.#showAdvance();
    this.onAdvances(this.advances);
  }

  #showAdvance() {
    this.#advance.setAttribute("aria-pressed", String(this.advances));
    const advance = this.advances ? t("click places and goes on") : t("click places, Enter goes on");
    hook("advance-text").textContent = advance;
    hook("advance").title = advance;
  }

  /**
   * @param {import("./model.js").PointsModel} model
   * @param {import("./camera.js").ViewCamera | null} camera the part's first
   * @param {Set<string>} doubtful
   * @param {import("./surface-side.js").HintSource | null} hint where it comes from
   */
  update(model, camera, doubtful, hint) {
    this.#hint.hidden = !hint;
    hook("hint-text").textContent = { model: t("take the model's place"), previous: t("as you had it"), neighbours: t("take the hint") }[hint ?? "neighbours"];
    this.#hint.title = { model: t("A model proposes a place: Enter takes it"), previous: t("You placed it here before: Enter keeps it"), neighbours: t("Take the hint: as its neighbours go") }[hint ?? "neighbours"];
    const { current, points, draft } = model;
    const part = this.parts.get(current.part);
    for (const swatch of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-part-swatch]"))) {
      swatch.style.backgroundColor = part?.colour ?? "";
    }
    hook("part-name").textContent = part?.name ?? "";
    hook("part-count").textContent = t("{n} of {total}", { n: current.number, total: current.ofPart });
    hook("answered").textContent = t("{n} of {total}", { n: countAnswered(points, draft.answers), total: points.length });
    hook("ends").textContent = camera ? endWords(camera) : t("Loading the views…");
    const state = hook("answer-state");
    state.textContent = model.answer && model.answer.status !== "placed" ? answerWords(model.answer) : "";
    this.#showDoubt(model, doubtful);
    const describe = (/** @type {import("./progress-strip.js").PartProgress} */ row) =>
      progressWords(this.parts.get(row.part)?.name ?? "", row);
    this.#strip.update(progressByPart(points, draft.answers), current.part, describe);
  }

  /** @param {import("./model.js").PointsModel} model @param {Set<string>} doubtful */
  #showDoubt(model, doubtful) {
    const { current, points } = model;
    const point = doubtful.has(current.key) ? current
      : points.find(({ key, part }) => part === current.part && doubtful.has(key)) ?? points.find(({ key }) => doubtful.has(key));
    this.#doubt.hidden = !point;
    if (!point) return;
    const part = this.parts.get(point.part)?.name ?? "";
    hook("doubt-text").textContent = point.part === current.part
      ? t("Point {n}: check left and right?", { n: point.number })
      : t("{part}, point {n}: check left and right?", { part, n: point.number });
  }
}
