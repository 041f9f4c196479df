import assert from "node:assert/strict";
import { test } from "node:test";

import {
  countAnswered, isSameAnswer, nextPoint, openDraft, progressByPart, readPoints, stepFrom, withAnswer, withCurrent,
} from "../../annotator/static/annotator/workbench/points/answers.js";

const points = readPoints(
  { key: ["a", "b", "c", 4], x: [110, 120, 130, 140], y: [55, 65, 75, 85], part: [14, 1, 14, 1] },
  { x: 100, y: 50 },
);
const placed = { status: "placed", view: 2, x: 10.5, y: 20.25 };

test("points are gathered by part, numbered within it, in crop pixels", () => {
  assert.deepEqual(points.map((p) => [p.key, p.part, p.number, p.ofPart]), [
    ["a", 14, 1, 2], ["c", 14, 2, 2], ["b", 1, 1, 2], ["4", 1, 2, 2],
  ]);
  assert.deepEqual([points[0].x, points[0].y], [10, 5]);
});

test("a saved draft comes back with its current point; answers to dropped points are left out", () => {
  const draft = openDraft(points, { answers: { a: placed, gone: placed }, current: "b" });
  assert.deepEqual(draft, { answers: { a: placed }, current: "b" });
});

test("a draft without a valid current point starts at the first open one", () => {
  assert.equal(openDraft(points, null).current, "a");
  assert.equal(openDraft(points, { answers: { a: placed }, current: "gone" }).current, "c");
});

test("answering leaves the earlier draft as it was", () => {
  const before = openDraft(points, null);
  const after = withAnswer(before, "a", placed);
  assert.deepEqual(before.answers, {});
  assert.deepEqual(after.answers, { a: placed });
  assert.deepEqual(withAnswer(after, "a", null).answers, {});
  assert.equal(withCurrent(after, after.current), after);
});

test("next goes to the open point after this one, then to those left behind, then stays", () => {
  assert.equal(nextPoint(points, {}, "a").key, "c");
  assert.equal(nextPoint(points, { c: placed }, "a").key, "b");
  assert.equal(nextPoint(points, { b: placed, 4: placed, c: placed }, "4").key, "a");
  const all = { a: placed, b: placed, c: placed, 4: placed };
  assert.equal(nextPoint(points, all, "a").key, "c");
  assert.equal(nextPoint(points, all, "4").key, "4");
});

test("stepping stops at both ends", () => {
  assert.equal(stepFrom(points, "a", -1).key, "a");
  assert.equal(stepFrom(points, "b", 1).key, "4");
});

test("progress counts every kind of answer", () => {
  const answers = { a: placed, 4: { status: "cannot_tell" } };
  assert.deepEqual(progressByPart(points, answers), [{ part: 14, done: 1, total: 2 }, { part: 1, done: 1, total: 2 }]);
  assert.equal(countAnswered(points, answers), 2);
});

test("answers are compared by what they say", () => {
  assert.ok(isSameAnswer(placed, { ...placed }));
  assert.ok(!isSameAnswer(placed, { ...placed, x: 11 }));
  assert.ok(!isSameAnswer(placed, undefined));
  assert.ok(isSameAnswer(undefined, undefined));
  assert.ok(!isSameAnswer({ status: "cannot_tell" }, { status: "not_this_part" }));
});
