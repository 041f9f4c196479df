/**
 * The body figure: fourteen shapes that are also buttons. Drawn as the person stands before you, their right on the left of the
 * picture; turned, it shows their back and the sides change over. Only the right side's limbs are drawn; the left are their mirror image.
 */

import { t } from "../core/strings.js";

/** @typedef {import("../ui/shell.js").Part} Part */
/** @typedef {import("./part-order.js").PartState} PartState */

const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 120;

// Drawn for this figure, in a box of 120 x 176; the limb at the left of the picture.
/** @type {Record<string, string>} */
const SHAPES = {
  head: "M60 2 C66.500 2 70 6.800 69.300 12.500 C68.800 17 66.800 20 64.700 22.200 L65 27.500 L55 27.500 L55.300 22.200 C53.200 20 51.200 17 50.700 12.500 C50 6.800 53.500 2 60 2 Z",
  torso: "M55.500 28.500 L64.500 28.500 C68 30.800 72.500 31.200 76 33 C78.300 34.200 79 37 78.200 40 L75 49 C73.600 55.500 74.400 61 76.200 66.500 C78 72 79 77.500 79 83 L62.500 90.500 L60 88 L57.500 90.500 L41 83 C41 77.500 42 72 43.800 66.500 C45.600 61 46.400 55.500 45 49 L41.800 40 C41 37 41.700 34.200 44 33 C47.500 31.200 52 30.800 55.500 28.500 Z",
  upper_arm: "M40.300 36.500 C41 39.500 42.500 44 43.300 47.500 L34 62.800 C31.800 62.300 29.600 60.900 28.300 59.200 L34.500 42.500 C35.700 39.500 37.600 37.300 40.300 36.500 Z",
  lower_arm: "M27.800 60.800 C29.300 62.500 31.200 63.700 33.100 64.300 L31.500 69.500 L20 81.800 L16.200 78.600 L23.500 66 Z",
  hand: "M15.400 79.800 L19 82.900 C18.700 86 17.600 88.600 15.600 90.700 L12.300 94.700 C11.300 95.600 10.200 94.800 10.800 93.600 L9.600 94.600 C8.600 95.300 7.700 94.500 8.200 93.400 L10.100 89.400 L6.500 90.300 C5.300 90.500 5 89.300 6 88.800 L10.200 86 C11.800 83.500 13.200 81.500 15.400 79.800 Z",
  upper_leg: "M41 85 L57 92.200 C58.300 93 58.800 94.200 58.600 96 L56.300 112 L54.500 126.500 L44.300 126.500 C42.800 119 41 112.500 40.200 105 C39.500 98 39.800 91 41 85 Z",
  lower_leg: "M44.300 128 L54.400 128 C55.800 133.500 56 139 54.900 144 L52.300 161.500 L46 161.500 C45.600 155 44.600 150 43.300 144.500 C42.300 139 42.500 133 44.300 128 Z",
  foot: "M45.900 163 L52.300 163 C53 165.500 53.300 167.500 53.200 170 C53 173 50.800 174.300 47.500 174.300 L42.500 174.300 C40.300 174.300 39.500 172.300 40.700 170.600 C43 168 45 166 45.900 163 Z",
};

/** @param {string} path @returns {string} mirrored left to right; only M, L, C, Z with absolute numbers */
function mirrored(path) {
  let isX = true;
  return path.replace(/[MLCZ]|-?[\d.]+/g, (token) => {
    if (/[MLCZ]/.test(token)) {
      isX = true;
      return token;
    }
    const text = isX ? String(Math.round((WIDTH - Number(token)) * 100) / 100) : token;
    isX = !isX;
    return text;
  });
}

export class BodyFigure {
  #root;
  #parts;
  #onPick;
  /** @type {Map<number, SVGGElement>} */
  #shapes = new Map();
  isTurned = false;

  /**
   * @param {HTMLElement} place
   * @param {Part[]} parts
   * @param {(part: number) => void} onPick
   */
  constructor(place, parts, onPick) {
    this.#parts = parts;
    this.#onPick = onPick;
    this.#root = svg("svg", { viewBox: "-4 0 128 178", role: "group", "aria-label": t("Body figure") });
    this.#root.append(this.#hatches());
    place.replaceChildren(this.#root);
    this.#draw();
  }

  /** @param {boolean} isTurned whether the figure shows its back */
  turn(isTurned) {
    if (this.isTurned === isTurned) return;
    this.isTurned = isTurned;
    this.#draw();
  }

  /** @param {number} part @param {PartState} state @param {boolean} isCurrent */
  setState(part, state, isCurrent) {
    const group = this.#shapes.get(part);
    if (!group) return;
    // After each stroke every part is told its state: what stays as it is must not be styled and painted again.
    const key = `${state} ${isCurrent}`;
    if (group.dataset.key === key) return;
    Object.assign(group.dataset, { key, state });
    group.classList.toggle("is-current", isCurrent);
    const colour = this.#parts.find(({ number }) => number === part)?.colour ?? "#888";
    const fill = state === "done" || state === "touched" ? colour : state === "hint" ? `url(#hatch-${part})` : "transparent";
    const shape = /** @type {SVGPathElement} */ (group.querySelector(".figure-shape"));
    shape.setAttribute("fill", fill);
    shape.setAttribute("stroke", state === "none" || state === "not_visible" ? "currentColor" : colour);
    // The current part on top, its frame whole.
    if (isCurrent) group.parentNode?.append(group);
  }

  #draw() {
    for (const old of this.#root.querySelectorAll(".figure-part, .figure-side, .figure-front")) old.remove();
    this.#shapes.clear();
    for (const part of this.#parts) {
      const isAtLeft = part.side === null || (part.side === "right") !== this.isTurned;
      const path = isAtLeft ? SHAPES[part.limb] : mirrored(SHAPES[part.limb]);
      const group = svg("g", { class: "figure-part", "data-part": part.number });
      group.append(
        svg("path", { d: path, class: "figure-frame" }),
        svg("path", { d: path, class: "figure-shape", fill: "transparent", stroke: "currentColor" }),
      );
      const title = svg("title", {});
      title.textContent = part.name;
      group.append(title);
      group.addEventListener("click", () => this.#onPick(part.number));
      this.#root.append(group);
      this.#shapes.set(part.number, group);
    }
    if (!this.isTurned) this.#root.append(svg("path", { d: "M57 12.500v.1M63 12.500v.1M57.700 17.500c1.500 1.100 3.100 1.100 4.600 0", class: "figure-front" }));
    this.#sides();
  }

  #sides() {
    for (const [side, word, x] of /** @type {[string, string, number][]} */ ([["right", t("R"), 4], ["left", t("L"), WIDTH - 4]])) {
      const text = svg("text", { class: `figure-side figure-side-${side}`, x: this.isTurned ? WIDTH - x : x, y: 40, "text-anchor": "middle" });
      text.textContent = word;
      this.#root.append(text);
    }
  }

  #hatches() {
    const defs = svg("defs", {});
    for (const { number, colour } of this.#parts) {
      const pattern = svg("pattern", { id: `hatch-${number}`, width: 3.2, height: 3.2, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
      pattern.append(svg("rect", { width: 1.6, height: 3.2, fill: colour }));
      defs.append(pattern);
    }
    return defs;
  }
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
function svg(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
