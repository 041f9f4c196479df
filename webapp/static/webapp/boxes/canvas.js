// @ts-check
/** The image with its boxes as SVG: drawing, moving and resizing by pointer. It reads people and calls back. */

import { MIN_PX, SIDES, boxBetween, clipped, handleAt, moved, resized, rounded } from "./geometry.js";

/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {import("./geometry.js").Side} Side */
/** @typedef {import("./people.js").Person} Person */
/** @typedef {{x: number, y: number, box: Box, id: number, side: Side | "move" | "new", isMoved: boolean}} Drag */

const NS = "http://www.w3.org/2000/svg";
const HANDLE_PX = 10;

export class Canvas {
  #svg;
  #layer;
  #draft;
  #image;
  #on;
  /** @type {Drag | null} */
  #drag = null;
  /** @type {Person[]} */
  #people = [];
  /** @type {number | null} */
  #chosen = null;

  /**
   * @param {SVGSVGElement} svg @param {{width: number, height: number, may_correct: boolean}} image
   * @param {{choose(id: number | null): void, preview(id: number, box: Box): void, settle(id: number, box: Box): void,
   *   draw(box: Box): void, tooSmall(): void}} on
   */
  constructor(svg, image, on) {
    this.#svg = svg;
    this.#image = image;
    this.#on = on;
    this.#layer = /** @type {SVGGElement} */ (svg.querySelector("[data-people]"));
    this.#draft = /** @type {SVGRectElement} */ (svg.querySelector("[data-draft]"));
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", () => this.#cancel());
    new ResizeObserver(() => this.draw(this.#people, this.#chosen)).observe(svg);
  }

  /** @param {Person[]} people @param {number | null} chosen */
  draw(people, chosen) {
    this.#people = people;
    this.#chosen = chosen;
    const shapes = people.map((person) => this.#box(person));
    const person = people.find((one) => one.id === chosen);
    if (person && this.#image.may_correct) shapes.push(...SIDES.map((side) => this.#handle(person, side)));
    this.#layer.replaceChildren(...shapes);
  }

  /** @param {Person} person */
  #box(person) {
    const shape = rect(person.box, "box");
    shape.classList.toggle("is-aside", person.is_crowd || person.is_ignored);
    shape.classList.toggle("is-proposed", person.is_proposed);
    shape.classList.toggle("is-chosen", person.id === this.#chosen);
    shape.dataset.id = String(person.id);
    return shape;
  }

  /** @param {Person} person @param {Side} side */
  #handle(person, side) {
    const size = HANDLE_PX / this.#scale();
    const [x, y] = handleAt(person.box, side);
    const shape = rect([x - size / 2, y - size / 2, size, size], "handle");
    shape.dataset.id = String(person.id);
    shape.dataset.side = side;
    shape.setAttribute("cursor", side.length === 1 ? ("ns".includes(side) ? "ns-resize" : "ew-resize")
      : side === "nw" || side === "se" ? "nwse-resize" : "nesw-resize");
    return shape;
  }

  /** Screen pixels an image pixel takes. */
  #scale() {
    return this.#svg.getScreenCTM()?.a ?? 1;
  }

  /** @param {PointerEvent} event @returns {DOMPoint} in image pixels */
  #at(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.#svg.getScreenCTM()?.inverse());
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    const { x, y } = this.#at(event);
    const data = /** @type {SVGElement} */ (event.target).dataset;
    const id = Number(data.id ?? 0);
    const person = this.#people.find((one) => one.id === id);
    this.#svg.setPointerCapture(event.pointerId);
    this.#on.choose(person ? id : null);
    if (!this.#image.may_correct) return;
    const side = /** @type {Side | undefined} */ (data.side);
    this.#drag = { x, y, id, box: person?.box ?? [x, y, 0, 0], side: person ? side ?? "move" : "new", isMoved: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const at = this.#at(event);
    if (!drag.isMoved && Math.hypot(at.x - drag.x, at.y - drag.y) * this.#scale() < 3) return;
    drag.isMoved = true;
    const box = this.#dragged(drag, at);
    if (drag.side === "new") place(this.#draft, box);
    else this.#on.preview(drag.id, box);
  }

  /** @param {Drag} drag @param {DOMPoint} at @returns {Box} */
  #dragged(drag, at) {
    const [dx, dy] = [at.x - drag.x, at.y - drag.y];
    if (drag.side === "new") return clipped(boxBetween(drag.x, drag.y, at.x, at.y), this.#image);
    if (drag.side === "move") return moved(drag.box, dx, dy, this.#image);
    return resized(drag.box, drag.side, dx, dy, this.#image);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const drag = this.#drag;
    this.#cancel();
    if (!drag?.isMoved) return;
    const box = rounded(this.#dragged(drag, this.#at(event)));
    if (drag.side !== "new") this.#on.settle(drag.id, box);
    else if (box[2] < MIN_PX || box[3] < MIN_PX) this.#on.tooSmall();
    else this.#on.draw(box);
  }

  #cancel() {
    this.#drag = null;
    place(this.#draft, [0, 0, 0, 0]);
  }
}

/** @param {Box} box @param {string} name */
function rect(box, name) {
  const shape = /** @type {SVGRectElement} */ (document.createElementNS(NS, "rect"));
  shape.setAttribute("class", name);
  place(shape, box);
  return shape;
}

/** @param {SVGRectElement} shape @param {Box} box */
function place(shape, [x, y, width, height]) {
  for (const [name, value] of Object.entries({ x, y, width, height })) shape.setAttribute(name, String(value));
}
