/** The matrix of parts: a row for each limb, a cell for each side; its columns follow the figure. A cell shows the part's state. */

import { t } from "../core/strings.js";
import { element } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** @typedef {import("../ui/shell.js").Part} Part */
/** @typedef {import("./part-order.js").PartState} PartState */

export class Palette {
  #place;
  #parts;
  #onPick;
  /** @type {Map<number, HTMLButtonElement>} */
  #cells = new Map();
  /** @type {Map<string, HTMLElement>} by limb */
  #names = new Map();

  /**
   * @param {HTMLElement} place
   * @param {Part[]} parts
   * @param {(part: number) => void} onPick
   */
  constructor(place, parts, onPick) {
    this.#place = place;
    this.#parts = parts;
    this.#onPick = onPick;
    this.turn(false);
  }

  /** @param {boolean} isTurned whether the person's left is at the left */
  turn(isTurned) {
    this.#cells.clear();
    this.#names.clear();
    /** @type {("left" | "right")[]} */
    const sides = isTurned ? ["left", "right"] : ["right", "left"];
    const heads = sides.map((side) => element("span", { class: `palette-side palette-${side}`, text: side === "right" ? t("Right") : t("Left") }));
    this.#place.replaceChildren(element("div", { class: "palette-row palette-heads" }, element("span"), element("span"), ...heads));
    const byDigit = [...this.#parts].sort((a, b) => a.digit - b.digit);
    for (const first of byDigit.filter((part, i) => i === 0 || byDigit[i - 1].digit !== part.digit)) {
      const limb = byDigit.filter(({ digit }) => digit === first.digit);
      const cells = first.side === null ? [this.#cell(first, true)] : sides.map((side) => this.#cell(/** @type {Part} */ (limb.find((part) => part.side === side)), false));
      const name = element("span", { class: "palette-name", text: limbName(first.limb) });
      this.#names.set(first.limb, name);
      this.#place.append(element("div", { class: "palette-row" }, element("kbd", { text: String(first.digit), attributes: { "aria-hidden": "true" } }), name, ...cells));
    }
  }

  /** @param {number} part @param {PartState} state @param {boolean} isCurrent */
  setState(part, state, isCurrent) {
    const cell = this.#cells.get(part);
    const info = this.#parts.find(({ number }) => number === part);
    if (!cell || !info) return;
    const key = `${state} ${isCurrent}`;
    if (cell.dataset.key === key) return;
    Object.assign(cell.dataset, { key, state });
    cell.setAttribute("aria-pressed", String(isCurrent));
    cell.setAttribute("aria-label", `${info.name}: ${stateWord(state)}`);
    const mark = state === "done" ? "check" : state === "not_visible" ? "hidden" : isCurrent || state === "touched" ? "pencil" : null;
    /** @type {HTMLElement} */ (cell.querySelector(".palette-word")).textContent = state === "hint" ? t("hint") : "";
    cell.querySelector("svg")?.remove();
    if (mark && !(state === "hint")) cell.append(icon(mark, 16));
    if (isCurrent) for (const [limb, name] of this.#names) name.classList.toggle("is-current", limb === info.limb);
  }

  /** @param {Part} part @param {boolean} isWide */
  #cell(part, isWide) {
    const swatch = element("span", { class: "swatch" });
    swatch.style.setProperty("--part", part.colour);
    const cell = element("button", { class: isWide ? "palette-cell is-wide" : "palette-cell", attributes: { type: "button", title: part.name }, data: { part: String(part.number) }, onclick: () => this.#onPick(part.number) },
      swatch, element("span", { class: "palette-word" }));
    this.#cells.set(part.number, cell);
    return cell;
  }
}

/** @param {PartState} state */
export function stateWord(state) {
  return { none: t("not yet"), hint: t("hint"), touched: t("drawing"), done: t("done"), not_visible: t("not visible") }[state];
}

/** @param {string} limb */
function limbName(limb) {
  /** @type {Record<string, string>} */
  const names = {
    head: t("Head"), torso: t("Torso"), upper_arm: t("Upper arm"), lower_arm: t("Lower arm"), hand: t("Hand"),
    upper_leg: t("Upper leg"), lower_leg: t("Lower leg"), foot: t("Foot"),
  };
  return names[limb] ?? limb;
}
