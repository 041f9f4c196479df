import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { inflate } from "../../annotator/static/annotator/workbench/core/label-map.js";
import { distance, project } from "../../annotator/static/annotator/workbench/points/camera.js";
import { bodyBounds, decodePart, triangleAt } from "../../annotator/static/annotator/workbench/points/pick-map.js";
import {
  facing, nearestSurfacePoint, normalAt, pixelIn, pixelsInAllViews, surfacePointAt,
} from "../../annotator/static/annotator/workbench/points/surface-point.js";
import { cylinderPart, SIZE } from "./points-cylinder.js";

const { manifest, bytes } = cylinderPart();
const surface = decodePart(manifest, bytes);

test("pick.bin inflates and decodes to the sections of the manifest", async () => {
  const inflated = await inflate(deflateSync(new Uint8Array(bytes)));
  const decoded = decodePart(manifest, /** @type {ArrayBuffer} */ (inflated.buffer));
  assert.equal(decoded.picks.length, 6);
  assert.equal(decoded.triangles.length, manifest.n_triangles * 3);
  assert.equal(decoded.canonical[5], 1005);
  assert.ok(Math.abs(decoded.vertices[1] - 0.15) < 1e-6);
});

test("a truncated pick.bin is refused with its part and both lengths", () => {
  assert.throws(() => decodePart(manifest, bytes.slice(0, bytes.byteLength - 2)), /part 12 has \d+ bytes, expected \d+/);
});

test("any sub-pixel position on the body projects back onto itself", () => {
  let tried = 0;
  for (let i = 0; i < 20000; i += 1) {
    const [view, x, y] = [1 + (i % 6), (i * 0.7548776662) % 1 * SIZE, (i * 0.5698402910) % 1 * SIZE];
    const point = surfacePointAt(surface, view, x, y);
    if (!point) continue;
    tried += 1;
    const [px, py] = project(surface.cameras[view - 1], point.position);
    // Only at the outline, where the pixel's triangle ends before the pixel does, is the position clamped.
    assert.ok(Math.hypot(px - x, py - y) < 1, `view ${view} at ${x}, ${y}`);
    assert.ok(Math.min(...point.weights) >= 0);
    assert.ok(Math.abs(Math.hypot(point.position[0], point.position[2]) - 0.05) < 5e-4);
  }
  assert.ok(tried > 4000);
});

test("a point shows in the views that face it, at its projection, and nowhere else", () => {
  const point = surfacePointAt(surface, 1, SIZE / 2 + 4.3, SIZE / 2 + 10.2);
  assert.ok(point);
  const shown = pixelsInAllViews(surface, point);
  assert.deepEqual(shown.map(Boolean), [true, true, false, false, false, true]);
  assert.ok(Math.hypot(shown[0][0] - SIZE / 2 - 4.3, shown[0][1] - SIZE / 2 - 10.2) < 1e-3);
  const seenFromTheSide = surfacePointAt(surface, 2, shown[1][0], shown[1][1]);
  assert.ok(seenFromTheSide && distance(seenFromTheSide.position, point.position) < 1e-6);
});

test("the inside of the open tube and the ground give no point", () => {
  assert.equal(surfacePointAt(surface, 1, 2, 2), null);
  assert.equal(surfacePointAt(surface, 1, -1, 5), null);
  assert.equal(triangleAt(surface, 1, SIZE, 0), -1);
  assert.equal(pixelIn(surface, 4, surfacePointAt(surface, 1, SIZE / 2, SIZE / 2)), null);
});

test("a click just beside the outline takes the outline, one farther away nothing", () => {
  const [, , right] = bodyBounds(surface, 1);
  const edge = nearestSurfacePoint(surface, 1, right + 3, SIZE / 2, 5);
  assert.ok(edge && edge.position[0] > 0.045);
  assert.equal(nearestSurfacePoint(surface, 1, right + 8, SIZE / 2, 5), null);
});

test("the normal points out of the tube and the view that looks along it faces it fully", () => {
  const point = surfacePointAt(surface, 3, SIZE / 2, SIZE / 2);
  const normal = normalAt(surface, point, 3);
  assert.ok(normal[0] * point.position[0] + normal[2] * point.position[2] > 0.049);
  assert.ok(facing(surface, 3, normal) > 0.98);
  assert.equal(facing(surface, 6, normal), 0);
});
