/**
 * A part's surface as the browser knows it: six pick maps, the part's triangles, its vertices
 * (docs/workbench-api.md, "Views in the browser"). Decoded once a part and kept.
 */

import { cameraOf, project } from "./camera.js";

export const N_VIEWS = 6;

/** @typedef {import("./camera.js").ViewCamera} ViewCamera */

/**
 * @typedef {object} PartSurface
 * @property {number} part 1..14
 * @property {number} size side of the square pictures in px
 * @property {ViewCamera[]} cameras six, in the order of their numbers
 * @property {Int16Array[]} picks six of size * size: the part's own triangle under each pixel, -1 ground
 * @property {Uint16Array} triangles (T, 3) into the part's vertices
 * @property {Float32Array} vertices (V, 3) metres
 * @property {Uint16Array} canonical (T,) triangle numbers of the whole body
 * @property {Float32Array[]} projected six of (V, 2): the vertices in each picture
 */

/**
 * Lay typed arrays over the inflated bytes.
 * @param {any} manifest as in manifest.json
 * @param {ArrayBuffer} bytes
 * @returns {PartSurface}
 * @throws {RangeError} when the length is not what the manifest promises
 */
export function decodePart(manifest, bytes) {
  const size = manifest.size_px;
  const nTriangles = manifest.n_triangles;
  const nVertices = manifest.n_vertices;
  const sections = [N_VIEWS * size * size * 2, nTriangles * 6, nVertices * 12, nTriangles * 2];
  const expected = sections.reduce((sum, length) => sum + length, 0);
  if (bytes.byteLength !== expected) {
    throw new RangeError(`pick.bin of part ${manifest.part} has ${bytes.byteLength} bytes, expected ${expected}`);
  }
  const ends = sections.map((_, i) => sections.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
  const picks = Array.from({ length: N_VIEWS }, (_, i) => new Int16Array(bytes, i * size * size * 2, size * size));
  const triangles = new Uint16Array(bytes, ends[0], nTriangles * 3);
  // Copied: after an odd number of triangles the floats do not start on a multiple of four.
  const vertices = new Float32Array(bytes.slice(ends[1], ends[2]));
  const canonical = new Uint16Array(bytes, ends[2], nTriangles);
  const views = [...manifest.views].sort((a, b) => a.number - b.number);
  const cameras = views.map(cameraOf);
  const projected = cameras.map((camera) => projectAll(camera, vertices));
  return { part: manifest.part, size, cameras, picks, triangles, vertices, canonical, projected };
}

/** @param {ViewCamera} camera @param {Float32Array} vertices @returns {Float32Array} (V, 2) px */
function projectAll(camera, vertices) {
  const pixels = new Float32Array((vertices.length / 3) * 2);
  for (let v = 0; v * 3 < vertices.length; v += 1) {
    const [x, y] = project(camera, vertices.subarray(v * 3, v * 3 + 3));
    pixels[v * 2] = x;
    pixels[v * 2 + 1] = y;
  }
  return pixels;
}

/**
 * The part's triangle whose pick-map pixel holds (x, y); -1 off the body or outside the picture.
 * @param {PartSurface} surface @param {number} view 1..6 @param {number} x px @param {number} y px
 */
export function triangleAt(surface, view, x, y) {
  const column = Math.floor(x);
  const row = Math.floor(y);
  if (column < 0 || row < 0 || column >= surface.size || row >= surface.size) return -1;
  return surface.picks[view - 1][row * surface.size + column];
}

/**
 * The box of a view's body pixels: [left, top, right, bottom) in px, or null for an empty view.
 * @param {PartSurface} surface @param {number} view 1..6
 * @returns {[number, number, number, number] | null}
 */
export function bodyBounds(surface, view) {
  const { size } = surface;
  const pick = surface.picks[view - 1];
  let [left, top, right, bottom] = [size, size, -1, -1];
  for (let i = 0; i < pick.length; i += 1) {
    if (pick[i] < 0) continue;
    const x = i % size;
    const y = (i - x) / size;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return right < 0 ? null : [left, top, right + 1, bottom + 1];
}
