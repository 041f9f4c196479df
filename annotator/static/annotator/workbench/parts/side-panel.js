/** The right side: figure, palette, the current part with its actions, and how many parts are decided. It only shows state. */

import { t } from "../core/strings.js";
import { hook, setText } from "../ui/dom.js";
import { BodyFigure } from "./figure.js";
import { HINT } from "./cells.js";
import { Palette, stateWord } from "./palette.js";
import { stateOf } from "./part-order.js";

/** @typedef {import("../ui/shell.js").Part} Part */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */

// Making one takes milliseconds, and it is used after each stroke.
const NUMBERS = new Intl.NumberFormat(globalThis.document?.documentElement.lang || undefined);

export class SidePanel {
  #parts;
  #figure;
  #palette;
  #source = "";
  #isOutlining = false;
  #isHint = false;
  #places = {
    faces: hook("figure-faces"), swatch: hook("current-swatch"), name: hook("current-name"), area: hook("current-area"),
    tip: hook("current-tip"), done: hook("done-text"), decided: hook("decided-count"), rest: hook("decided-rest"), left: hook("side-left"), right: hook("side-right"),
    takeAll: hook("take-all"),
  };

  /** @param {Part[]} parts @param {(part: number) => void} onPick */
  constructor(parts, onPick) {
    this.#parts = parts;
    this.#figure = new BodyFigure(hook("figure"), parts, onPick);
    this.#palette = new Palette(hook("palette"), parts, onPick);
    this.turn(false);
  }

  /** Where this person's hints come from. @param {string | null} source */
  setHintSource(source) {
    const words = source === "keypoints" ? t("from keypoints") : source === "previous" ? t("as you had it") : t("from a model");
    this.#source = source === null ? "" : words;
  }

  /** @param {boolean} isOutlining whether an outline is under way, which "done" closes first */
  setOutlining(isOutlining) {
    this.#isOutlining = isOutlining;
    this.#showDone();
  }

  get isTurned() {
    return this.#figure.isTurned;
  }

  /** @param {boolean} isTurned the figure shows its back: the person's left is at the left */
  turn(isTurned) {
    this.#figure.turn(isTurned);
    this.#palette.turn(isTurned);
    this.#places.faces.textContent = isTurned ? t("faces away") : t("faces you");
    const words = { right: t("person’s right"), left: t("person’s left") };
    const [atLeft, atRight] = isTurned ? /** @type {const} */ (["left", "right"]) : /** @type {const} */ (["right", "left"]);
    this.#places.left.textContent = `◂ ${words[atLeft]}`;
    this.#places.left.dataset.side = atLeft;
    this.#places.right.textContent = `${words[atRight]} ▸`;
    this.#places.right.dataset.side = atRight;
  }

  /**
   * @param {LabelDocument} labelDocument
   * @param {number} current part
   * @returns {{decided: number, hints: number}}
   */
  update(labelDocument, current) {
    let decided = 0;
    let hints = 0;
    for (const { number } of this.#parts) {
      const state = stateOf(labelDocument, number);
      if (state === "done" || state === "not_visible") decided += 1;
      if (state === "hint") hints += 1;
      this.#figure.setState(number, state, number === current);
      this.#palette.setState(number, state, number === current);
    }
    this.#showCurrent(labelDocument, current);
    const left = hints === 0 ? "" : hints === 1 ? ` · ${t("1 hint left to check")}` : ` · ${t("{n} hints left to check", { n: hints })}`;
    setText(this.#places.decided, t("{n} of {total}", { n: decided, total: this.#parts.length }));
    setText(this.#places.rest, ` ${t("decided")}${left}`);
    this.#places.takeAll.hidden = hints === 0;
    return { decided, hints };
  }

  /** @param {LabelDocument} labelDocument @param {number} current */
  #showCurrent(labelDocument, current) {
    const part = this.#parts.find(({ number }) => number === current);
    if (!part) return;
    const state = stateOf(labelDocument, current);
    this.#places.swatch.style.setProperty("--part", part.colour);
    this.#places.swatch.parentElement?.setAttribute("data-state", state);
    setText(this.#places.name, part.name);
    const area = labelDocument.areas[current] + labelDocument.areas[current | HINT];
    const hint = state === "hint" ? this.#source : "";
    setText(this.#places.area, hint || (area > 0 ? `${NUMBERS.format(area)} px²` : stateWord(state)));
    setText(this.#places.tip, tipFor(part.limb));
    this.#isHint = state === "hint";
    this.#showDone();
  }

  #showDone() {
    setText(this.#places.done, this.#isOutlining ? t("Close the outline") : this.#isHint ? t("Take it, next") : t("Done, next"));
  }
}

/** @param {string} limb */
function tipFor(limb) {
  /** @type {Record<string, string>} */
  const tips = {
    head: t("Hair, hat and neck count as head."), torso: t("From the neck to the hips, clothes included."),
    upper_arm: t("Shoulder to elbow, sleeve included."), lower_arm: t("Under the sleeve counts as arm."),
    hand: t("From the wrist on, gloves included."), upper_leg: t("Hip to knee, trousers included."),
    lower_leg: t("Knee to ankle, boot shafts included."), foot: t("Shoes count as foot."),
  };
  return tips[limb] ?? "";
}
