/** Which part comes next: by digit, by the order of work, by what is still open. No DOM here. */

import { HINT } from "./cells.js";

/** @typedef {import("../ui/shell.js").Part} Part */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {"none" | "hint" | "touched" | "done" | "not_visible"} PartState */

/** @param {LabelDocument} labelDocument @param {number} part @returns {PartState} */
export function stateOf(labelDocument, part) {
  const decision = labelDocument.decided.get(part);
  if (decision === "done" || decision === "not_visible") return decision;
  if (labelDocument.areas[part] > 0) return "touched";
  return labelDocument.areas[part | HINT] > 0 ? "hint" : "none";
}

export class PartOrder {
  /** @type {Map<number, Part>} */
  #parts;
  #order;

  /** @param {Part[]} parts @param {number[]} order of work */
  constructor(parts, order) {
    this.#parts = new Map(parts.map((part) => [part.number, part]));
    this.#order = order;
  }

  /** @param {number} number @returns {Part} */
  part(number) {
    return /** @type {Part} */ (this.#parts.get(number));
  }

  /** @param {number} number */
  has(number) {
    return this.#parts.has(number);
  }

  /** The right or only side first; the same digit again is the other side. @param {number} digit @param {number} current */
  byDigit(digit, current) {
    const now = this.part(current);
    if (now.digit === digit) return now.mirror;
    const limb = [...this.#parts.values()].filter((part) => part.digit === digit);
    return (limb.find((part) => part.side !== "left") ?? limb[0]).number;
  }

  /** @param {number[]} parts @returns {number[]} in the order of work */
  sorted(parts) {
    return this.#order.filter((part) => parts.includes(part));
  }

  /** @param {number} current @param {number} step */
  neighbour(current, step) {
    const at = this.#order.indexOf(current);
    return this.#order[(at + step + this.#order.length) % this.#order.length];
  }

  /** @param {LabelDocument} labelDocument @returns {number} where work begins */
  firstOpen(labelDocument) {
    return this.#order.find((part) => isOpen(labelDocument, part)) ?? this.#order[0];
  }

  /** @param {LabelDocument} labelDocument @param {number} current @returns {number | undefined} the next part that is not decided */
  nextOpen(labelDocument, current) {
    const at = this.#order.indexOf(current);
    return [...this.#order.slice(at + 1), ...this.#order.slice(0, at)].find((part) => isOpen(labelDocument, part));
  }
}

/** @param {LabelDocument} labelDocument @param {number} part */
function isOpen(labelDocument, part) {
  const state = stateOf(labelDocument, part);
  return state !== "done" && state !== "not_visible";
}
