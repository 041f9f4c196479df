import assert from "node:assert/strict";
import { test } from "node:test";

import { CaseStore } from "../../qa/static/qa/bench/case-store.js";
import { boundsOfPart, disputedPixels, overlapByPart, worstOverlaps } from "../../qa/static/qa/bench/map-agreement.js";
import { PointChoice } from "../../qa/static/qa/bench/point-choice.js";
import { byUrgency, spreadByPart, spreadsOf } from "../../qa/static/qa/bench/point-spread.js";

test("a choice takes points from other answers and places of one's own, until another answer is taken whole", () => {
  const answers = [{ id: 11 }, { id: 22 }, { id: 33 }];
  const choice = new PointChoice(0);
  choice.take("5", 1);
  choice.take("6", 2);
  choice.take("6", 0);
  const own = { status: /** @type {"placed"} */ ("placed"), view: 2, x: 1.5, y: 2.5 };
  choice.place("7", own);
  assert.deepEqual(choice.payload(answers), { submission: 11, taken: { 5: 22 }, placed: { 7: own } });
  assert.deepEqual(choice.sourceOf("6"), { kind: "answer", index: 0 });
  assert.equal(choice.changed, 2);
  choice.takeAll(2);
  assert.ok(choice.isPlain);
  assert.deepEqual(choice.payload(answers), { submission: 33, taken: {}, placed: {} });
});

test("points are looked at part by part, the widest apart first; a split before any distance", () => {
  const answers = [{ status: [1, 1, 1, 1, 1] }, { status: [1, 1, 2, 1, 1] }];
  const pairs = [{ a: 0, b: 1, cm: [1, 9, null, 3, 2] }];
  const spreads = spreadsOf(answers, pairs, 5);
  assert.deepEqual(spreads[2], { cm: null, isSplit: true });
  const parts = [14, 14, 2, 2, 1];
  assert.deepEqual(byUrgency(spreads, parts), [2, 3, 1, 0, 4]);
  assert.deepEqual(spreadByPart(parts, spreads)[0], { part: 14, n: 2, mean: 5, worst: 9, splits: 0 });
  assert.deepEqual(byUrgency(spreadsOf([answers[0]], [], 5), parts), [0, 1, 2, 3, 4], "one answer: the order of the work");
});

test("overlap is intersection over union; a part that one alone painted has none", () => {
  const a = Uint8Array.from([1, 1, 1, 0, 2, 0]);
  const b = Uint8Array.from([1, 1, 0, 1, 0, 0]);
  const overlap = overlapByPart(a, b);
  assert.deepEqual([overlap[1], overlap[2], overlap[3], overlap[0]], [0.5, 0, null, 2 / 5]);
  assert.deepEqual([...disputedPixels([a, b, a])], [0, 0, 1, 1, 1, 0]);
  assert.deepEqual(worstOverlaps([a, b, a]), [{ part: 2, overlap: 0 }, { part: 1, overlap: 0.5 }]);
  assert.deepEqual(boundsOfPart([a, b], 3, 1), { x: 0, y: 0, width: 3, height: 2 });
  assert.equal(boundsOfPart([a, b], 3, 9), null);
});

test("the next case is fetched while one looks at this; a settled one leaves the list", async () => {
  /** @type {number[]} */
  const asked = [];
  const store = new CaseStore(async (task) => {
    asked.push(task);
    return { data: task, image: null, prepared: null };
  });
  const row = (/** @type {number} */ task) => ({ task, person: task, answers: 2 });
  store.begin([row(1), row(2), row(3)], 2);
  assert.equal((await store.open())?.data, 2);
  await Promise.resolve();
  assert.deepEqual(asked, [2, 3]);
  store.settled(2);
  assert.equal((await store.open())?.data, 3);
  assert.deepEqual(asked, [2, 3], "it was here already");
  store.settled(1);
  assert.equal(store.current?.task, 3, "another one left the list: what is looked at stays");
  store.settled(3);
  assert.equal(store.open(), null);
  assert.equal(store.go(1), false);
});
