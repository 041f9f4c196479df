/**
 * What follows the pointer: the brush's circle, the tag with the part's name and the rule, the cross of the keyboard's cursor. They are
 * elements that the compositor moves; no canvas is drawn for a pointer that only moves.
 */

import { hook, setText } from "../ui/dom.js";

/** @typedef {import("../core/viewport.js").Point} Point */

const TAG_WIDTH_PX = 260;

export class Cursor {
  /** In screen pixels; null while no pointer is over the picture. @type {Point | null} */
  at = null;
  isByKeyboard = false;
  isPressed = false;
  #radiusPx = 9;
  #ring = hook("cursor-ring");
  #tag = hook("cursor-tag");
  #swatch = /** @type {HTMLElement} */ (this.#tag.querySelector(".swatch"));
  #name = /** @type {HTMLElement} */ (this.#tag.querySelector("b"));
  #rule = /** @type {HTMLElement} */ (this.#tag.querySelector(".cursor-tag-rule"));

  /** @param {number} radiusPx on the screen; 0: no circle */
  setRadius(radiusPx) {
    this.#radiusPx = radiusPx;
    const size = `${Math.max(2, 2 * radiusPx)}px`;
    Object.assign(this.#ring.style, { width: size, height: size });
    this.#showRing();
  }

  /** @param {{colour: string, name: string, rule: string}} words */
  setTag({ colour, name, rule }) {
    this.#swatch.style.setProperty("--part", colour);
    setText(this.#name, name);
    setText(this.#rule, rule);
  }

  /**
   * @param {Point | null} at screen pixels
   * @param {{isQuiet: boolean, width: number}} options isQuiet: no tag just now; width of the pane
   */
  moveTo(at, { isQuiet, width }) {
    this.at = at;
    this.#showRing();
    const isTagShown = at !== null && !isQuiet;
    if (this.#tag.hidden === isTagShown) this.#tag.hidden = !isTagShown;
    if (!isTagShown) return;
    // Above and to the right; near the right border to the left.
    const isAtLeft = at.x > width - TAG_WIDTH_PX;
    const gap = Math.max(18, this.#radiusPx + 8);
    const x = Math.round(at.x + (isAtLeft ? -gap : gap));
    const y = Math.round(Math.max(8, at.y - gap - 16));
    this.#tag.style.transform = `translate(${x}px, ${y}px)${isAtLeft ? " translateX(-100%)" : ""}`;
  }

  #showRing() {
    const isShown = this.at !== null && (this.#radiusPx > 0 || this.isByKeyboard);
    if (this.#ring.hidden === isShown) this.#ring.hidden = !isShown;
    if (!isShown || this.at === null) return;
    this.#ring.classList.toggle("has-cross", this.isByKeyboard || this.#radiusPx < 4);
    this.#ring.classList.toggle("is-pressed", this.isPressed);
    this.#ring.classList.toggle("is-bare", this.#radiusPx === 0);
    this.#ring.style.transform = `translate(${this.at.x}px, ${this.at.y}px) translate(-50%, -50%)`;
  }
}
