/** A square look at a picture around one place, twice as large as in its pane. */

import { Layer } from "./layer.js";

/** Times larger than in the pane. */
const MAGNIFICATION = 2;
/** Photographs darker than this (mean of 0..255 around the point) are brightened. */
const DARK_BELOW = 95;
const MAX_GAIN = 2.6;

export class Magnifier {
  #layer;
  /** @type {{picture: ImageBitmap, x: number, y: number, scale: number, gain: number} | null} */
  #look = null;
  #drawOver;
  #probe = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });

  /**
   * @param {HTMLElement} figure with a canvas
   * @param {(context: CanvasRenderingContext2D, view: {scale: number, x: number, y: number}, middle: {x: number, y: number}) => void} drawOver
   *   `view` leads from px of the picture to CSS px of the magnifier, `middle` is what it looks at
   */
  constructor(figure, drawOver) {
    this.figure = figure;
    this.#drawOver = drawOver;
    const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector("canvas"));
    this.#layer = new Layer(canvas, (context) => this.#draw(context));
    new ResizeObserver(() => this.#layer.resize(canvas.clientWidth, canvas.clientHeight)).observe(canvas);
  }

  /**
   * @param {ImageBitmap} picture
   * @param {number} x @param {number} y px of the picture, shown in the middle
   * @param {number} paneScale CSS px a pixel in the pane
   * @param {number} [gain] brightening
   */
  look(picture, x, y, paneScale, gain = 1) {
    this.#look = { picture, x, y, scale: paneScale * MAGNIFICATION, gain };
    this.#layer.ask();
  }

  /**
   * How much the surroundings of a place want brightening.
   * @param {ImageBitmap} picture @param {number} x @param {number} y px @param {number} reach px
   * @returns {number} 1 for none
   */
  gainFor(picture, x, y, reach) {
    const probe = this.#probe;
    if (!probe) return 1;
    probe.clearRect(0, 0, 8, 8);
    probe.drawImage(picture, x - reach, y - reach, 2 * reach, 2 * reach, 0, 0, 8, 8);
    const { data } = probe.getImageData(0, 0, 8, 8);
    let sum = 0;
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (!data[i + 3]) continue;
      sum += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
      count += 1;
    }
    const mean = count ? sum / count : 128;
    return mean >= DARK_BELOW ? 1 : Math.min(MAX_GAIN, 120 / Math.max(mean, 1));
  }

  /** @param {CanvasRenderingContext2D} context */
  #draw(context) {
    if (!this.#look) return;
    const { picture, x, y, scale, gain } = this.#look;
    const { width, height } = this.#layer;
    const view = { scale, x: width / 2 - x * scale, y: height / 2 - y * scale };
    context.imageSmoothingQuality = "high";
    if (gain > 1) context.filter = `brightness(${gain.toFixed(2)})`;
    context.drawImage(picture, view.x, view.y, picture.width * scale, picture.height * scale);
    context.filter = "none";
    this.#drawOver(context, view, { x: width / 2, y: height / 2 });
  }
}
