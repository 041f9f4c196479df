import assert from "node:assert/strict";
import { test } from "node:test";

import { neighbourHint } from "../../annotator/static/annotator/workbench/points/neighbour-hint.js";
import { decodePart } from "../../annotator/static/annotator/workbench/points/pick-map.js";
import { pixelsInAllViews, surfacePointAt } from "../../annotator/static/annotator/workbench/points/surface-point.js";
import { cylinderPart, SIZE } from "./points-cylinder.js";

const { manifest, bytes } = cylinderPart();
const surface = decodePart(manifest, bytes);

/** A photograph of view 1: turned, three times as large, and foreshortened along the limb. */
function onPhoto([u, v], { turn = 0.6, shorten = 0.8 } = {}) {
  const [x, y] = [3 * u, 3 * shorten * v];
  return { x: 400 + x * Math.cos(turn) - y * Math.sin(turn), y: 300 + x * Math.sin(turn) + y * Math.cos(turn) };
}

/** Answers in view 1, from its middle. */
function placed(pattern, photo) {
  return pattern.map(([u, v], i) => {
    const point = surfacePointAt(surface, 1, SIZE / 2 + u, SIZE / 2 + v);
    assert.ok(point);
    return { key: String(i), number: i + 1, ofPart: 9, ...onPhoto([u, v], photo), position: point.position, normal: [0, 0, 1], turn: i, point, pixels: pixelsInAllViews(surface, point) };
  });
}

function distance(hint, [u, v]) {
  return Math.hypot(hint.x - SIZE / 2 - u, hint.y - SIZE / 2 - v);
}

test("three neighbours and more carry a slanted photograph over", () => {
  const neighbours = placed([[-10, -20], [10, -18], [-8, 5], [9, 8]]);
  for (const truth of [[0, -6], [4, 0], [-6, 14]]) {
    const hint = neighbourHint(surface, 1, onPhoto(truth), neighbours);
    assert.ok(hint && hint.view === 1);
    assert.ok(distance(hint, truth) < 3, `${distance(hint, truth)} px from ${truth}`);
  }
});

test("two neighbours tell turn and scale, and never a mirror image", () => {
  const upright = { shorten: 1 };
  const hint = neighbourHint(surface, 1, onPhoto([8, 2], upright), placed([[0, -12], [0, 12]], upright));
  assert.ok(hint && distance(hint, [8, 2]) < 1.5);
});

test("neighbours in a row say enough of what lies beside them", () => {
  const upright = { shorten: 1 };
  const hint = neighbourHint(surface, 1, onPhoto([9, 4], upright), placed([[0, -20], [0, 0], [0, 20]], upright));
  assert.ok(hint && distance(hint, [9, 4]) < 2, hint && String(distance(hint, [9, 4])));
});

test("no hint where the neighbours contradict each other", () => {
  const [first, second, third, fourth] = placed([[-10, -20], [10, -18], [-8, 5], [9, 8]]);
  const crossed = [first, { ...second, pixels: third.pixels }, { ...third, pixels: fourth.pixels }, { ...fourth, pixels: second.pixels }];
  assert.equal(neighbourHint(surface, 1, onPhoto([0, -6]), crossed), null);
});

test("no hint from one neighbour, from neighbours that the view does not show, or far from all of them", () => {
  const here = onPhoto([0, 0]);
  assert.equal(neighbourHint(surface, 1, here, placed([[3, 3]])), null);
  assert.equal(neighbourHint(surface, 4, here, placed([[-8, -5], [8, 5]])), null);
  assert.equal(neighbourHint(surface, 1, onPhoto([0, 60]), placed([[-3, -40], [3, -38]])), null);
});
