/**
 * The painted parts as pictures and lines, ready to be drawn at any zoom: one canvas of crop pixels for parts, one for hints, and
 * the outlines of each tile. An edit refreshes only the tiles it touched, so the cost does not grow with what was painted before.
 */

import { HINT, PART_BITS } from "./cells.js";
import { TILE, addLines, traceTile } from "./outline.js";

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */

/** @typedef {{value: number, path: Path2D}} Outline */

export class Overlay {
  /** @type {HTMLCanvasElement} */
  parts = document.createElement("canvas");
  /** @type {HTMLCanvasElement} */
  hints = document.createElement("canvas");
  #document;
  #partsContext;
  #hintsContext;
  #columns;
  #rows;
  /** @type {Outline[][]} by tile */
  #outlines;
  // Colours as the bytes of an RGBA picture, by value.
  #partColours = new Uint32Array(32);
  #hintColours = new Uint32Array(32);

  /**
   * @param {LabelDocument} labelDocument
   * @param {Map<number, string>} colours "#rrggbb" by part
   */
  constructor(labelDocument, colours) {
    this.#document = labelDocument;
    const { width, height } = labelDocument;
    for (const canvas of [this.parts, this.hints]) Object.assign(canvas, { width, height });
    this.#partsContext = contextOf(this.parts);
    this.#hintsContext = contextOf(this.hints);
    // Outlines live on the corners between pixels, one more than pixels each way.
    this.#columns = Math.ceil((width + 1) / TILE);
    this.#rows = Math.ceil((height + 1) / TILE);
    this.#outlines = Array.from({ length: this.#columns * this.#rows }, () => []);
    for (const [part, colour] of colours) {
      this.#partColours[part] = rgba(colour);
      this.#hintColours[part | HINT] = rgba(colour);
    }
  }

  /** Take up a changed rectangle of the document. @param {Rect} rect @returns {Rect} what must be drawn again: whole tiles */
  refresh(rect) {
    this.#fill(rect);
    const first = { column: Math.floor(rect.x / TILE), row: Math.floor(rect.y / TILE) };
    const last = { column: Math.floor((rect.x + rect.width) / TILE), row: Math.floor((rect.y + rect.height) / TILE) };
    const { cells, width, height } = this.#document;
    for (let row = first.row; row <= Math.min(last.row, this.#rows - 1); row += 1) {
      for (let column = first.column; column <= Math.min(last.column, this.#columns - 1); column += 1) {
        const lines = traceTile(cells, width, height, column, row);
        this.#outlines[row * this.#columns + column] = [...lines].map(([value, own]) => {
          const path = new Path2D();
          addLines(own, path);
          return { value, path };
        });
      }
    }
    return { x: first.column * TILE, y: first.row * TILE, width: (last.column - first.column + 1) * TILE, height: (last.row - first.row + 1) * TILE };
  }

  /** The outlines of the tiles that meet a rectangle. @param {Rect} rect image pixels @returns {Outline[]} */
  outlinesIn(rect) {
    const found = [];
    const lastRow = Math.min(Math.floor((rect.y + rect.height) / TILE), this.#rows - 1);
    const lastColumn = Math.min(Math.floor((rect.x + rect.width) / TILE), this.#columns - 1);
    for (let row = Math.max(0, Math.floor(rect.y / TILE)); row <= lastRow; row += 1) {
      for (let column = Math.max(0, Math.floor(rect.x / TILE)); column <= lastColumn; column += 1) {
        found.push(...this.#outlines[row * this.#columns + column]);
      }
    }
    return found;
  }

  /** @param {Rect} rect */
  #fill({ x, y, width, height }) {
    const { cells, width: stride } = this.#document;
    const parts = this.#partsContext.createImageData(width, height);
    const hints = this.#hintsContext.createImageData(width, height);
    const partPixels = new Uint32Array(parts.data.buffer);
    const hintPixels = new Uint32Array(hints.data.buffer);
    for (let row = 0, at = 0; row < height; row += 1) {
      const end = (y + row) * stride + x + width;
      for (let i = end - width; i < end; i += 1, at += 1) {
        const value = cells[i];
        if (value === 0) continue;
        if (value < HINT) partPixels[at] = this.#partColours[value];
        else hintPixels[at] = this.#hintColours[value];
      }
    }
    this.#partsContext.putImageData(parts, x, y);
    this.#hintsContext.putImageData(hints, x, y);
  }
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/** @param {string} colour "#rrggbb" @returns {number} as a little-endian pixel */
function rgba(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @param {number} value */
export function partOf(value) {
  return value & PART_BITS;
}
