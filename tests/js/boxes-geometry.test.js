import assert from "node:assert/strict";
import { test } from "node:test";

import { MIN_PX, SIDES, boxBetween, clipped, handleAt, moved, resized, rounded } from "../../webapp/static/webapp/boxes/geometry.js";

const IMAGE = { width: 100, height: 80 };

test("a box is the same whichever way it was dragged", () => {
  const wanted = [10, 20, 30, 40];
  for (const [x0, y0, x1, y1] of [[10, 20, 40, 60], [40, 60, 10, 20], [40, 20, 10, 60], [10, 60, 40, 20]]) {
    assert.deepEqual(boxBetween(x0, y0, x1, y1), wanted);
  }
});

test("a moved box keeps its size and stays inside the image", () => {
  assert.deepEqual(moved([10, 10, 20, 20], 5, -3, IMAGE), [15, 7, 20, 20]);
  assert.deepEqual(moved([10, 10, 20, 20], 500, 500, IMAGE), [80, 60, 20, 20]);
  assert.deepEqual(moved([10, 10, 20, 20], -500, -500, IMAGE), [0, 0, 20, 20]);
});

test("each side moves only its own edges", () => {
  const box = [20, 20, 30, 30];
  for (const side of SIDES) {
    const [x, y, w, h] = resized(box, side, 2, 3, IMAGE);
    assert.equal(x, side.includes("w") ? 22 : 20, side);
    assert.equal(x + w, side.includes("e") ? 52 : 50, side);
    assert.equal(y, side.includes("n") ? 23 : 20, side);
    assert.equal(y + h, side.includes("s") ? 53 : 50, side);
  }
});

test("a resized box is never turned inside out and never leaves the image", () => {
  for (const side of SIDES) {
    for (const far of [-500, 500]) {
      const [x, y, w, h] = resized([20, 20, 30, 30], side, far, far, IMAGE);
      assert.ok(w >= MIN_PX && h >= MIN_PX, side);
      assert.ok(x >= 0 && y >= 0 && x + w <= IMAGE.width && y + h <= IMAGE.height, side);
    }
  }
});

test("handles lie on corners and edges", () => {
  assert.deepEqual(SIDES.map((side) => handleAt([0, 0, 10, 20], side)), [
    [0, 0], [5, 0], [10, 0], [10, 10], [10, 20], [5, 20], [0, 20], [0, 10],
  ]);
});

test("a box is cut to the image, and rounded to a hundredth", () => {
  assert.deepEqual(clipped([-10, 70, 50, 50], IMAGE), [0, 70, 40, 10]);
  assert.deepEqual(rounded([1.23456, 2, 3.999, 4]), [1.23, 2, 4, 4]);
});
