/**
 * From a pixel of a view to the surface point under it, and from a surface point to every view that shows it.
 *
 * Under an orthographic camera the barycentric weights are affine in the picture inside a triangle, so no ray is needed.
 */

import { cross, distance, dot, minus, project, unit } from "./camera.js";
import { N_VIEWS, triangleAt } from "./pick-map.js";

/** @typedef {import("./camera.js").Vector3} Vector3 */
/** @typedef {import("./camera.js").Pixel} Pixel */
/** @typedef {import("./pick-map.js").PartSurface} PartSurface */
/** @typedef {[number, number, number]} Weights barycentric, sum 1 */

/**
 * @typedef {object} SurfacePoint
 * @property {number} triangle the part's own number
 * @property {Weights} weights
 * @property {Vector3} position metres
 */

/** A point counts as shown when the surface the view shows there is this near, in metres. */
const SAME_PLACE_M = 0.001;

/**
 * Barycentric weights of a picture point in a part's triangle; outside the triangle some are negative.
 * @param {PartSurface} surface @param {number} view 1..6 @param {number} triangle @param {number} x px @param {number} y px
 * @returns {Weights | null} null for a triangle seen edge-on
 */
function weightsAt(surface, view, triangle, x, y) {
  const { triangles } = surface;
  const xy = surface.projected[view - 1];
  const [a, b, c] = [triangles[triangle * 3] * 2, triangles[triangle * 3 + 1] * 2, triangles[triangle * 3 + 2] * 2];
  const [abx, aby, acx, acy] = [xy[b] - xy[a], xy[b + 1] - xy[a + 1], xy[c] - xy[a], xy[c + 1] - xy[a + 1]];
  const area = abx * acy - aby * acx;
  if (Math.abs(area) < 1e-9) return null;
  const [px, py] = [x - xy[a], y - xy[a + 1]];
  const wb = (px * acy - py * acx) / area;
  const wc = (abx * py - aby * px) / area;
  return [1 - wb - wc, wb, wc];
}

/**
 * The surface point under a sub-pixel position of a view, or null off the body.
 *
 * The pick map answers for pixel centres, so near an edge the position may lie in a triangle of the next pixel: of the
 * triangles around that hold the position, the one nearest to the viewer is it. Beside the ground the pixel's centre is
 * taken instead: there, and only there, the server's ray is sure to meet the surface.
 * @param {PartSurface} surface @param {number} view 1..6 @param {number} x px @param {number} y px
 * @returns {SurfacePoint | null}
 */
export function surfacePointAt(surface, view, x, y) {
  const under = triangleAt(surface, view, x, y);
  if (under < 0) return null;
  const { towards } = surface.cameras[view - 1];
  /** @type {SurfacePoint | null} */
  let found = null;
  for (let dy = -1; dy <= 1; dy += 1) {
    for (let dx = -1; dx <= 1; dx += 1) {
      const triangle = triangleAt(surface, view, x + dx, y + dy);
      if (triangle < 0) return centreOf(surface, view, under, x, y);
      if (triangle === found?.triangle) continue;
      const weights = weightsAt(surface, view, triangle, x, y);
      if (!weights || Math.min(...weights) < 0) continue;
      const point = pointOf(surface, triangle, weights);
      if (!found || dot(towards, point.position) > dot(towards, found.position)) found = point;
    }
  }
  return found ?? centreOf(surface, view, under, x, y);
}

/** @param {PartSurface} surface @param {number} view @param {number} triangle under the pixel @param {number} x @param {number} y */
function centreOf(surface, view, triangle, x, y) {
  const weights = weightsAt(surface, view, triangle, Math.floor(x) + 0.5, Math.floor(y) + 0.5) ?? [1 / 3, 1 / 3, 1 / 3];
  const [a, b, c] = weights.map((weight) => Math.max(0, weight)); // a hair outside by rounding
  return pointOf(surface, triangle, [a / (a + b + c), b / (a + b + c), c / (a + b + c)]);
}

/**
 * The surface point nearest to a position of a view, up to `reach` px away: a hand that misses the outline by a hair
 * meant the outline.
 * @param {PartSurface} surface @param {number} view 1..6 @param {number} x px @param {number} y px @param {number} reach px
 * @returns {SurfacePoint | null}
 */
export function nearestSurfacePoint(surface, view, x, y, reach) {
  const here = surfacePointAt(surface, view, x, y);
  if (here || reach <= 0) return here;
  let best = reach * reach;
  /** @type {Pixel | null} */
  let found = null;
  for (let row = Math.floor(y - reach); row <= y + reach; row += 1) {
    for (let column = Math.floor(x - reach); column <= x + reach; column += 1) {
      const square = (column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2;
      if (square <= best && triangleAt(surface, view, column, row) >= 0) {
        best = square;
        found = [column + 0.5, row + 0.5];
      }
    }
  }
  return found && surfacePointAt(surface, view, found[0], found[1]);
}

/** @param {PartSurface} surface @param {number} triangle @param {Weights} weights @returns {SurfacePoint} */
export function pointOf(surface, triangle, weights) {
  const [a, b, c] = corners(surface, triangle);
  const [wa, wb, wc] = weights;
  /** @type {Vector3} */
  const position = [
    wa * a[0] + wb * b[0] + wc * c[0],
    wa * a[1] + wb * b[1] + wc * c[1],
    wa * a[2] + wb * b[2] + wc * c[2],
  ];
  return { triangle, weights, position };
}

/** @param {PartSurface} surface @param {number} triangle @returns {[Vector3, Vector3, Vector3]} */
function corners(surface, triangle) {
  const { triangles, vertices } = surface;
  const corner = (/** @type {number} */ k) => {
    const v = triangles[triangle * 3 + k] * 3;
    return /** @type {Vector3} */ ([vertices[v], vertices[v + 1], vertices[v + 2]]);
  };
  return [corner(0), corner(1), corner(2)];
}

/**
 * Where a view shows a surface point, or null where it is hidden there.
 *
 * Shown means: under its projection, or one pixel beside it (a grazing triangle can be thinner than a pixel), the view
 * shows the same triangle or a place of the surface within 1 mm.
 * @param {PartSurface} surface @param {number} view 1..6 @param {SurfacePoint} point
 * @returns {Pixel | null}
 */
export function pixelIn(surface, view, point) {
  const pixel = project(surface.cameras[view - 1], point.position);
  const [x, y] = pixel;
  if (triangleAt(surface, view, x, y) === point.triangle) return pixel;
  const there = surfacePointAt(surface, view, x, y);
  if (there && distance(there.position, point.position) < SAME_PLACE_M) return pixel;
  for (const [dx, dy] of [[-1, 0], [1, 0], [0, -1], [0, 1], [-1, -1], [1, -1], [-1, 1], [1, 1]]) {
    if (triangleAt(surface, view, x + dx, y + dy) === point.triangle) return pixel;
  }
  return null;
}

/**
 * Where each of the six views shows a surface point.
 * @param {PartSurface} surface @param {SurfacePoint} point
 * @returns {(Pixel | null)[]} by view number - 1
 */
export function pixelsInAllViews(surface, point) {
  return Array.from({ length: N_VIEWS }, (_, i) => pixelIn(surface, i + 1, point));
}

/**
 * The outward normal at a surface point. A view shows the outside only, so the normal is turned towards the camera that
 * shows it; this needs no trust in the winding of single triangles.
 * @param {PartSurface} surface @param {SurfacePoint} point @param {number} view a view that shows the point
 * @returns {Vector3} unit length
 */
export function normalAt(surface, point, view) {
  const [a, b, c] = corners(surface, point.triangle);
  const normal = unit(cross(minus(b, a), minus(c, a)));
  return dot(normal, surface.cameras[view - 1].towards) < 0 ? [-normal[0], -normal[1], -normal[2]] : normal;
}

/**
 * How much a view faces the surface there: 1 straight on, 0 edge-on or away.
 * @param {PartSurface} surface @param {number} view 1..6 @param {Vector3} normal
 */
export const facing = (surface, view, normal) => Math.max(0, dot(normal, surface.cameras[view - 1].towards));
