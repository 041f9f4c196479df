/** What follows the pointer: the brush's circle, the tag with the part's name and the rule, and the cross of the keyboard's cursor. */

import { hook } from "../ui/dom.js";

/** @typedef {import("../core/viewport.js").Point} Point */

export class Cursor {
  /** In screen pixels; null while no pointer is over the picture. @type {Point | null} */
  at = null;
  isByKeyboard = false;
  /** Radius of the circle in screen pixels; 0: none. */
  radiusPx = 9;
  isPressed = false;
  #tag = hook("cursor-tag");
  #swatch = /** @type {HTMLElement} */ (this.#tag.querySelector(".swatch"));
  #name = /** @type {HTMLElement} */ (this.#tag.querySelector("b"));
  #rule = /** @type {HTMLElement} */ (this.#tag.querySelector(".cursor-tag-rule"));
  #isTagShown = false;

  /** @param {{colour: string, name: string, rule: string}} words */
  setTag({ colour, name, rule }) {
    this.#swatch.style.setProperty("--part", colour);
    if (this.#name.textContent !== name) this.#name.textContent = name;
    if (this.#rule.textContent !== rule) this.#rule.textContent = rule;
  }

  /**
   * @param {Point | null} at screen pixels
   * @param {{isQuiet: boolean, width: number}} options isQuiet: no tag just now; width of the pane
   */
  moveTo(at, { isQuiet, width }) {
    this.at = at;
    const isShown = at !== null && !isQuiet;
    if (isShown !== this.#isTagShown) {
      this.#tag.hidden = !isShown;
      this.#isTagShown = isShown;
    }
    if (!isShown) return;
    // Above and to the right; near the right border to the left.
    const side = at.x > width - 260 ? "translateX(-100%)" : "";
    const gap = Math.max(18, this.radiusPx + 8);
    this.#tag.style.transform = `translate(${Math.round(at.x + (side ? -gap : gap))}px, ${Math.round(Math.max(8, at.y - gap - 16))}px) ${side}`;
  }

  /** @param {CanvasRenderingContext2D} context in screen pixels */
  draw(context) {
    if (!this.at) return;
    const { x, y } = this.at;
    if (this.radiusPx > 0) {
      ring(context, x, y, this.radiusPx + 0.75, "rgba(20, 25, 26, 0.75)", 1);
      ring(context, x, y, this.radiusPx, "#fff", 1.25);
    }
    if (this.isByKeyboard || (this.radiusPx > 0 && this.radiusPx < 4)) cross(context, x, y, this.isPressed ? "#e0251b" : "#fff");
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius @param {string} colour @param {number} width */
function ring(context, x, y, radius, colour, width) {
  context.beginPath();
  context.arc(x, y, Math.max(1, radius), 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {string} colour */
function cross(context, x, y, colour) {
  for (const [style, width] of /** @type {[string, number][]} */ ([["rgba(20, 25, 26, 0.8)", 3], [colour, 1.5]])) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 5 * dx, y + 5 * dy);
      context.lineTo(x + 12 * dx, y + 12 * dy);
    }
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
}
