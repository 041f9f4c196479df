/** The photograph in another light: brightness, contrast and gamma, worked into a copy of it once for each setting. */

/** @typedef {{brightness: number, contrast: number, gamma: number}} Light */

/** @param {Light} light @returns {Uint8ClampedArray} what each of 256 levels becomes: gamma, then contrast about the middle, then brightness */
function levelsOf({ brightness, contrast, gamma }) {
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => 255 * (((level / 255) ** (1 / gamma) - 0.5) * contrast + 0.5 + brightness / 2));
}

/** @param {Light} light */
export function isPlain({ brightness, contrast, gamma }) {
  return brightness === 0 && contrast === 1 && gamma === 1;
}

/** @param {ImageBitmap} image @param {Light} light @returns {CanvasImageSource & {width: number, height: number}} */
export function relit(image, light) {
  if (isPlain(light)) return image;
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  const levels = levelsOf(light);
  // A whole pixel at a time: four bytes, opacity in the highest.
  const whole = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < whole.length; i += 1) {
    const pixel = whole[i];
    whole[i] = (pixel & 0xff000000) | (levels[(pixel >> 16) & 255] << 16) | (levels[(pixel >> 8) & 255] << 8) | levels[pixel & 255];
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}
