/** The bench for parts: all outlines on one photograph, and beside it each answer filled and the disputed pixels. */

import { inflate, fromBase64 } from "../../annotator/workbench/core/label-map.js";
import { t } from "../../annotator/workbench/core/strings.js";
import { Layer } from "../../annotator/workbench/points/layer.js";
import { PhotoPane } from "../../annotator/workbench/points/photo-pane.js";
import { element, hook } from "../../annotator/workbench/ui/dom.js";
import { OWN, colourOf } from "./colours.js";
import { filled, hatched, outlines } from "./label-picture.js";
import { boundsOfPart, disputedPixels, worstOverlaps } from "./map-agreement.js";

/**
 * @typedef {object} Prepared
 * @property {Uint8Array[]} maps one for each answer, all background where it holds none; then what they come to together
 * @property {Uint8Array} disputed
 * @property {{part: number, overlap: number}[]} overlaps worst first
 */

export class PartsDesk {
  stage = "parts";
  /** Index of the answer to accept; one past the last: what they come to together. */
  chosen = 0;
  data = /** @type {any} */ (null);
  prepared = /** @type {Prepared} */ ({ maps: [], disputed: new Uint8Array(0), overlaps: [] });
  /** Index of the part in `overlaps` that is looked at, -1: the whole person. */
  at = -1;
  #photo;
  #overlay;
  #colours;
  #changed;
  #showsDisputed = true;
  #isBare = false;
  /** @type {ImageBitmap | null} */
  #image = null;
  /** @type {Float32Array[][]} by answer */
  #lines = [];
  /** @type {HTMLCanvasElement | null} */
  #hatch = null;

  /** @param {{changed: () => void, colours: Map<number, string>}} options */
  constructor({ changed, colours }) {
    this.#changed = changed;
    this.#colours = colours;
    const pane = hook("photo");
    this.#photo = new PhotoPane(pane, { pick: () => {}, moved: () => this.#overlay?.ask() });
    const canvas = element("canvas", { class: "bench-overlay", attributes: { "aria-hidden": "true" } });
    pane.append(canvas);
    this.#overlay = new Layer(canvas, (context) => this.#draw(context));
    new ResizeObserver(() => this.#overlay.resize(pane.clientWidth, pane.clientHeight)).observe(pane);
  }

  /** @param {any} data @returns {Promise<Prepared>} */
  async prepare({ answers, crop, merged }) {
    const n = crop.width * crop.height;
    const unpacked = (/** @type {any} */ { label_map }) => (label_map ? inflate(fromBase64(label_map)) : new Uint8Array(n));
    const maps = await Promise.all(answers.map(unpacked));
    const together = merged ? [await unpacked(merged)] : [];
    return { maps: [...maps, ...together], disputed: disputedPixels(maps), overlaps: worstOverlaps(maps) };
  }

  /** @param {import("./case-store.js").LoadedCase} loaded @param {number} first index of the answer to begin with */
  show({ data, image, prepared }, first) {
    [this.data, this.prepared, this.chosen, this.at, this.#image] = [data, prepared, first, -1, image];
    const { width, height } = data.crop;
    this.#lines = this.prepared.maps.map((map) => outlines(map, width, height));
    this.#hatch = data.answers.length > 1 ? hatched(this.prepared.disputed, width, height) : null;
    this.#photo.show(image, data.crop);
    this.#showTiles();
    this.#frame();
  }

  /** @param {number} index */
  chooseAll(index) {
    if (index >= this.data.answers.length) return;
    this.chosen = index;
    this.update();
  }

  /** Choose what the answers come to together. */
  chooseMerged() {
    if (!this.data.merged) return;
    this.chosen = this.data.answers.length;
    this.update();
  }

  get isMerged() {
    return Boolean(this.data?.merged) && this.chosen === this.data.answers.length;
  }

  /** @param {number} index */
  choose(index) {
    this.chooseAll(index);
  }

  /** Look at the parts one after the other, the most disputed first; -1: the whole person. @param {number} step */
  step(step) {
    const n = this.prepared.overlaps.length;
    this.at = Math.max(-1, Math.min(n - 1, this.at + step));
    this.#frame();
  }

  /** @param {number} part */
  goToPart(part) {
    this.at = this.prepared.overlaps.findIndex((row) => row.part === part);
    this.#frame();
  }

  /** @returns {import("../../annotator/workbench/core/keys.js").Action[]} */
  actions() {
    const group = t("Parts");
    return [
      { id: "next-part", label: t("Next part, the most disputed first"), group, keys: ["arrowdown", "space"], repeats: true },
      { id: "previous-part", label: t("Part before"), group, keys: ["arrowup"], repeats: true },
      { id: "show-disputed", label: t("Disputed pixels"), group, keys: ["d"] },
      { id: "bare-photo", label: t("The photograph alone"), group, keys: ["h"], isHeld: true },
    ];
  }

  /** @param {string} id @param {"press" | "release"} phase */
  run(id, phase) {
    if (id === "next-part") this.step(1);
    else if (id === "previous-part") this.step(-1);
    else if (id === "show-disputed") this.#showsDisputed = !this.#showsDisputed;
    else if (id === "bare-photo") this.#isBare = phase === "press";
    else return false;
    this.#overlay.ask();
    return true;
  }

  /** Bring the part that is looked at, or the whole person, into the picture. */
  #frame() {
    const part = this.prepared.overlaps[this.at]?.part;
    const bounds = part ? boundsOfPart(this.prepared.maps, this.data.crop.width, part) : null;
    if (bounds) this.#photo.viewport.zoomTo(bounds, 0.8);
    else this.#photo.viewport.fit();
    this.update();
  }

  update() {
    for (const tile of document.querySelectorAll("[data-answer-tile]")) {
      tile.classList.toggle("is-chosen", /** @type {HTMLElement} */ (tile).dataset.answerTile === String(this.chosen));
    }
    this.#overlay.ask();
    this.#changed();
  }

  #showTiles() {
    const { width, height } = this.data.crop;
    const tiles = this.prepared.maps.map((map, index) => {
      const answer = this.data.answers[index];
      const words = answer ? `${index + 1} · ${answer.author || t("imported")}` : t("Together");
      const picture = this.#tile(filled(map, width, height, this.#colours, 0.55), words);
      picture.dataset.answerTile = String(index);
      picture.addEventListener("click", () => (answer ? this.chooseAll(index) : this.chooseMerged()));
      return picture;
    });
    if (this.#hatch) tiles.push(this.#tile(this.#hatch, t("Disputed")));
    hook("tiles").replaceChildren(...tiles);
  }

  /** @param {HTMLCanvasElement} over @param {string} words */
  #tile(over, words) {
    const { width, height } = this.data.crop;
    const canvas = element("canvas", { attributes: { width, height, role: "img", "aria-label": words } });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (this.#image) context.drawImage(this.#image, 0, 0);
    context.drawImage(over, 0, 0);
    return element("figure", { class: "bench-tile" }, canvas, element("figcaption", { text: words }));
  }

  /** @param {CanvasRenderingContext2D} context */
  #draw(context) {
    if (this.#isBare || !this.data) return;
    const { viewport } = this.#photo;
    if (this.#showsDisputed && this.#hatch) {
      context.save();
      context.setTransform(...viewport.transform);
      context.imageSmoothingEnabled = false;
      context.globalAlpha = 0.7;
      context.drawImage(this.#hatch, 0, 0);
      context.restore();
    }
    const n = this.data.answers.length;
    // The answers, and what they come to together only where that is chosen.
    const order = this.#lines.map((_, index) => index).filter((index) => index < n || index === this.chosen)
      .sort((a, b) => Number(a === this.chosen) - Number(b === this.chosen));
    for (const index of order) {
      const fill = index < n ? colourOf(index).fill : OWN.ink;
      drawLines(context, this.#lines[index], viewport, fill, index === this.chosen);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {Float32Array[]} loops
 * @param {{scale: number, x: number, y: number}} view @param {string} colour @param {boolean} isChosen
 */
function drawLines(context, loops, { scale, x, y }, colour, isChosen) {
  context.beginPath();
  for (const loop of loops) {
    context.moveTo(x + loop[0] * scale, y + loop[1] * scale);
    for (let i = 2; i < loop.length; i += 2) context.lineTo(x + loop[i] * scale, y + loop[i + 1] * scale);
    context.closePath();
  }
  context.lineJoin = "round";
  for (const [style, width] of /** @type {[string, number][]} */ ([["#ffffff", isChosen ? 4.5 : 3], [colour, isChosen ? 2.5 : 1.5]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
}
