/** A label map as pictures: filled in the parts' colours, and the outlines of all its parts. */

import { outlineOf } from "../../annotator/workbench/points/outline.js";

/**
 * @param {Uint8Array} labels @param {number} width @param {number} height
 * @param {Map<number, string>} colours "#rrggbb" by part @param {number} opacity 0..1
 * @returns {HTMLCanvasElement}
 */
export function filled(labels, width, height, colours, opacity) {
  const lookup = new Uint32Array(256);
  const bytes = new Uint8Array(lookup.buffer);
  for (const [part, colour] of colours) {
    const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    bytes.set([...rgb, Math.round(opacity * 255)], part * 4);
  }
  return painted(width, height, (pixels) => {
    for (let i = 0; i < labels.length; i += 1) pixels[i] = lookup[labels[i]];
  });
}

/**
 * Slanted red lines over the marked pixels: told from any fill without its colour.
 * @param {Uint8Array} marked @param {number} width @param {number} height
 * @returns {HTMLCanvasElement}
 */
export function hatched(marked, width, height) {
  const colours = new Uint32Array(new Uint8Array([211, 18, 42, 235, 255, 255, 255, 130]).buffer);
  return painted(width, height, (pixels) => {
    for (let i = 0; i < marked.length; i += 1) {
      if (!marked[i]) continue;
      const x = i % width;
      pixels[i] = colours[(x + (i - x) / width) % 6 < 3 ? 0 : 1];
    }
  });
}

/** @param {Uint8Array} labels @param {number} width @param {number} height @returns {Float32Array[]} closed lines of all parts */
export const outlines = (labels, width, height) =>
  [...new Set(labels)].filter(Boolean).flatMap((part) => outlineOf(labels, width, height, part));

/** @param {number} width @param {number} height @param {(pixels: Uint32Array) => void} paint */
function painted(width, height, paint) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const data = context.createImageData(width, height);
  paint(new Uint32Array(data.data.buffer));
  context.putImageData(data, 0, 0);
  return canvas;
}
