/** A canvas that fills its pane and is drawn at most once a frame. */

export class Layer {
  /** @type {HTMLCanvasElement} */
  canvas;
  #context;
  #draw;
  #isAsked = false;
  width = 0;
  height = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D, layer: Layer) => void} draw draws in CSS pixels on a clear canvas
   */
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#draw = draw;
  }

  /** @param {number} width CSS px @param {number} height CSS px */
  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.max(1, Math.round(width * devicePixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * devicePixelRatio));
    this.flush();
  }

  /** Ask for a drawing in the next frame. */
  ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => this.#isAsked && this.flush());
  }

  flush() {
    this.#isAsked = false;
    const context = this.#context;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.#draw(context, this);
  }
}
