import assert from "node:assert/strict";
import { test } from "node:test";

import { readPoints } from "../../annotator/static/annotator/workbench/points/answers.js";
import { PointsModel } from "../../annotator/static/annotator/workbench/points/model.js";

const points = readPoints({ key: [1, 2, 3], x: [1, 2, 3], y: [1, 2, 3], part: [14, 14, 1] }, { x: 0, y: 0 });
const at = (/** @type {number} */ x) => /** @type {const} */ ({ status: "placed", view: 1, x, y: 5 });

test("an answer goes on to the next open point; undo leads back to it, redo on again", () => {
  const model = new PointsModel(points, null);
  model.give(at(10), true);
  assert.equal(model.current.key, "2");
  model.history.undo();
  assert.deepEqual(model.draft, { answers: {}, current: "1" });
  model.history.redo();
  assert.deepEqual(model.draft, { answers: { 1: at(10) }, current: "2" });
});

test("going about is no edit, and the same answer again is none either", () => {
  const model = new PointsModel(points, { answers: { 1: at(10) }, current: "1" });
  model.step(1);
  model.goTo("3");
  model.step(-2);
  model.give(at(10), true);
  assert.equal(model.history.canUndo, false);
  assert.equal(model.current.key, "2");
});

test("answers are changed, taken back and brought back", () => {
  const model = new PointsModel(points, null);
  model.give({ status: "cannot_tell" }, false);
  model.give(at(4), false);
  model.give(null, false);
  assert.equal(model.answer, null);
  model.history.undo();
  assert.deepEqual(model.answer, at(4));
  model.history.undo();
  assert.deepEqual(model.answer, { status: "cannot_tell" });
});

test("the first open point is what is missing; none when all have an answer", () => {
  const model = new PointsModel(points, { answers: { 1: at(1), 3: { status: "not_this_part" } } });
  assert.equal(model.firstOpen?.key, "2");
  model.give(at(2), true);
  assert.equal(model.firstOpen, undefined);
});

test("those who watch are told of answers and of going about", () => {
  const model = new PointsModel(points, null);
  let told = 0;
  model.store.watch(["draft"], () => (told += 1));
  model.give(at(1), true);
  model.goTo("3");
  model.goTo("3");
  assert.equal(told, 2);
});
