/** The strip of progress: a piece a part, as wide as its points are many, filled in the part's colour as they are answered. */

import { element } from "../ui/dom.js";

/** @typedef {{part: number, done: number, total: number}} PartProgress */

export class ProgressStrip {
  /** @type {Map<number, {button: HTMLButtonElement, fill: HTMLElement}>} */
  #pieces = new Map();

  /**
   * @param {HTMLElement} host
   * @param {(part: number) => void} onChoose
   */
  constructor(host, onChoose) {
    this.host = host;
    this.onChoose = onChoose;
  }

  /** Begin anew for another person. @param {PartProgress[]} rows @param {Map<number, {name: string, colour: string}>} parts */
  build(rows, parts) {
    this.#pieces.clear();
    this.host.replaceChildren(
      ...rows.map(({ part, total }) => {
        const fill = element("span", { class: "strip-fill" });
        const button = element("button", { class: "strip-part", attributes: { type: "button" }, onclick: () => this.onChoose(part) }, fill);
        button.style.flexGrow = String(total);
        fill.style.backgroundColor = parts.get(part)?.colour ?? "";
        this.#pieces.set(part, { button, fill });
        return button;
      }),
    );
  }

  /** @param {PartProgress[]} rows @param {number} current @param {(row: PartProgress) => string} describe */
  update(rows, current, describe) {
    for (const row of rows) {
      const piece = this.#pieces.get(row.part);
      if (!piece) continue;
      piece.fill.style.transform = `scaleX(${row.done / row.total})`;
      const words = describe(row);
      piece.button.title = words;
      piece.button.setAttribute("aria-label", words);
      if (row.part === current) piece.button.setAttribute("aria-current", "true");
      else piece.button.removeAttribute("aria-current");
    }
  }
}
