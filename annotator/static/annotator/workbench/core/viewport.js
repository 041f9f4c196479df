/**
 * The one place for transforms. "Image" pixels are those of the picture shown (a crop, a view); "screen" pixels are CSS
 * pixels from the top left of its pane; "device" pixels are screen times devicePixelRatio, what a canvas is made of.
 * Pixel i covers [i, i + 1) in all three.
 */

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{x: number, y: number, width: number, height: number}} Rect */

const MAX_SCALE = 40;
// At least this much of the picture stays inside the pane, in screen pixels.
const KEEP_IN_SIGHT = 48;

export class Viewport {
  /** Size of the pane in screen pixels. */
  width = 1;
  height = 1;
  devicePixelRatio = 1;
  imageWidth = 1;
  imageHeight = 1;
  /** Screen pixels per image pixel. */
  scale = 1;
  /** Screen position of the image's top left corner. */
  x = 0;
  y = 0;
  #padding;
  #isFitted = true;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** @param {{padding?: number}} [options] padding: screen pixels left free around a fitted picture */
  constructor({ padding = 4 } = {}) {
    this.#padding = padding;
  }

  /** Whether the picture is shown whole, as `fit` leaves it. */
  get isFitted() {
    return this.#isFitted;
  }

  get fitScale() {
    const width = Math.max(1, this.width - 2 * this.#padding);
    const height = Math.max(1, this.height - 2 * this.#padding);
    return Math.min(width / this.imageWidth, height / this.imageHeight);
  }

  /**
   * @param {number} width screen pixels
   * @param {number} height screen pixels
   * @param {number} [devicePixelRatio]
   */
  setPane(width, height, devicePixelRatio = 1) {
    const center = this.toImage(this.width / 2, this.height / 2);
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height), devicePixelRatio });
    if (this.#isFitted) this.fit();
    else this.#place(this.scale, center, this.width / 2, this.height / 2);
  }

  /**
   * @param {number} width image pixels
   * @param {number} height image pixels
   */
  setImage(width, height) {
    this.imageWidth = width;
    this.imageHeight = height;
    this.fit();
  }

  fit() {
    this.scale = this.fitScale;
    this.x = (this.width - this.imageWidth * this.scale) / 2;
    this.y = (this.height - this.imageHeight * this.scale) / 2;
    this.#isFitted = true;
    this.#tell();
  }

  /**
   * Zoom so that the image point under a screen position stays there.
   * @param {number} factor above 1 comes nearer
   * @param {number} [screenX]
   * @param {number} [screenY]
   */
  zoomAt(factor, screenX = this.width / 2, screenY = this.height / 2) {
    const lowest = Math.min(this.fitScale * 0.5, MAX_SCALE);
    const scale = Math.min(MAX_SCALE, Math.max(lowest, this.scale * factor));
    this.#place(scale, this.toImage(screenX, screenY), screenX, screenY);
  }

  /**
   * Bring a part of the image as large as it can be.
   * @param {Rect} rect image pixels
   * @param {number} [margin] share of the rectangle left free around it
   */
  zoomTo(rect, margin = 0.15) {
    const scale = Math.min(
      this.width / (Math.max(1, rect.width) * (1 + 2 * margin)),
      this.height / (Math.max(1, rect.height) * (1 + 2 * margin)),
      MAX_SCALE,
    );
    const center = { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
    this.#place(scale, center, this.width / 2, this.height / 2);
  }

  /**
   * @param {number} dx screen pixels
   * @param {number} dy screen pixels
   */
  panBy(dx, dy) {
    const center = this.toImage(this.width / 2 - dx, this.height / 2 - dy);
    this.#place(this.scale, center, this.width / 2, this.height / 2);
  }

  /**
   * @param {number} screenX
   * @param {number} screenY
   * @returns {Point} image pixels, sub-pixel
   */
  toImage(screenX, screenY) {
    return { x: (screenX - this.x) / this.scale, y: (screenY - this.y) / this.scale };
  }

  /**
   * @param {number} imageX
   * @param {number} imageY
   * @returns {Point} screen pixels
   */
  toScreen(imageX, imageY) {
    return { x: this.x + imageX * this.scale, y: this.y + imageY * this.scale };
  }

  /**
   * The six numbers for `context.setTransform`, from image to device pixels.
   * @returns {[number, number, number, number, number, number]}
   */
  get transform() {
    const ratio = this.devicePixelRatio;
    return [this.scale * ratio, 0, 0, this.scale * ratio, this.x * ratio, this.y * ratio];
  }

  /**
   * @param {() => void} listener
   * @returns {() => void} stop watching
   */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {number} scale
   * @param {Point} imagePoint the image point that
   * @param {number} screenX comes to lie here
   * @param {number} screenY
   */
  #place(scale, imagePoint, screenX, screenY) {
    const width = this.imageWidth * scale;
    const height = this.imageHeight * scale;
    this.scale = scale;
    this.x = clamp(screenX - imagePoint.x * scale, KEEP_IN_SIGHT - width, this.width - KEEP_IN_SIGHT);
    this.y = clamp(screenY - imagePoint.y * scale, KEEP_IN_SIGHT - height, this.height - KEEP_IN_SIGHT);
    this.#isFitted = false;
    this.#tell();
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value));
}
