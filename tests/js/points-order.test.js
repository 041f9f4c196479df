import assert from "node:assert/strict";
import { test } from "node:test";

import { decodePart } from "../../annotator/static/annotator/workbench/points/pick-map.js";
import { suitableView } from "../../annotator/static/annotator/workbench/points/guide.js";
import { doubtfulPoints } from "../../annotator/static/annotator/workbench/points/order-check.js";
import { pointColour } from "../../annotator/static/annotator/workbench/points/point-colours.js";
import { normalAt, surfacePointAt } from "../../annotator/static/annotator/workbench/points/surface-point.js";
import { cylinderPart, SIZE } from "./points-cylinder.js";

const { manifest, bytes } = cylinderPart();
const surface = decodePart(manifest, bytes);
const PATTERN = [[-14, -30], [13, -25], [-11, 0], [15, 4], [-2, 30]];

/** Points whose pattern on the photograph is that of view 1, answered where `answer` says. */
function answered(answer) {
  return PATTERN.map(([dx, dy], i) => {
    const [view, ax, ay] = answer(dx, dy, i);
    const point = surfacePointAt(surface, view, SIZE / 2 + ax, SIZE / 2 + ay);
    assert.ok(point);
    const normal = normalAt(surface, point, view);
    return { key: String(i), x: 200 + 3 * dx, y: 300 + 3 * dy, position: point.position, normal, turn: i, point };
  });
}

test("a faithful pattern raises no doubt, in whichever view it was placed", () => {
  assert.equal(doubtfulPoints(answered((x, y) => [1, x, y])).size, 0);
  assert.equal(doubtfulPoints(answered((x, y) => [4, x, y])).size, 0);
});

test("a photograph of a tilted limb raises no doubt either", () => {
  const tilted = answered((x, y) => [1, x, y]).map((p) => ({ ...p, x: -p.y, y: p.x }));
  assert.equal(doubtfulPoints(tilted).size, 0);
});

test("a mirrored pattern is noticed, its later points first", () => {
  const doubtful = doubtfulPoints(answered((x, y) => [1, -x, y]));
  assert.ok(doubtful.size >= 3, [...doubtful].join());
  assert.ok(doubtful.has("4") || doubtful.has("3"));
});

test("one slip is marked alone", () => {
  const doubtful = doubtfulPoints(answered((x, y, i) => (i === 3 ? [1, -18, y] : [1, x, y])).filter(Boolean));
  assert.deepEqual([...doubtful], ["3"]);
});

test("a jump to the other side of the limb is marked", () => {
  const doubtful = doubtfulPoints(answered((x, y, i) => (i === 2 ? [4, 8, y] : [1, x, y])));
  assert.ok(doubtful.has("2"));
});

test("one or two points say nothing", () => {
  assert.equal(doubtfulPoints(answered((x, y) => [1, -x, y]).slice(0, 2)).size, 0);
});

test("the view that faces the neighbours suits best; without neighbours the usual one stays", () => {
  const placed = answered((x, y) => [3, x / 2, y]);
  assert.equal(suitableView(surface, { x: 200, y: 300 }, placed, 1), 3);
  assert.equal(suitableView(surface, { x: 200, y: 300 }, [], 5), 5);
});

test("dots run from violet to orange with legible numbers", () => {
  assert.deepEqual(pointColour(1, 1), pointColour(1, 9));
  assert.equal(pointColour(1, 9).ink, "#ffffff");
  assert.equal(pointColour(9, 9).ink, "#15191a");
});
