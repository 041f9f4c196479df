import assert from "node:assert/strict";
import { test } from "node:test";

import { farParts, shapesOf, swappedParts } from "../../annotator/static/annotator/workbench/parts/body-checks.js";
import { holes } from "../../annotator/static/annotator/workbench/parts/checks.js";
import { LabelDocument } from "../../annotator/static/annotator/workbench/parts/label-document.js";
import { PartOrder } from "../../annotator/static/annotator/workbench/parts/part-order.js";
import { questionsOf } from "../../annotator/static/annotator/workbench/parts/questions.js";
import { cleanPart, smoothPart } from "../../annotator/static/annotator/workbench/parts/tidy.js";

const SIZE = 120;
const TORSO = 1;
const [RIGHT_UPPER, LEFT_UPPER, RIGHT_LOWER, LEFT_LOWER] = [2, 3, 4, 5];
const part = (number, limb, side, mirror, neighbours) => ({ number, limb, side, mirror, neighbours });
const PARTS = [
  part(TORSO, "torso", null, TORSO, [RIGHT_UPPER, LEFT_UPPER]),
  part(RIGHT_UPPER, "upper_arm", "right", LEFT_UPPER, [TORSO, RIGHT_LOWER]), part(LEFT_UPPER, "upper_arm", "left", RIGHT_UPPER, [TORSO, LEFT_LOWER]),
  part(RIGHT_LOWER, "lower_arm", "right", LEFT_LOWER, [RIGHT_UPPER]), part(LEFT_LOWER, "lower_arm", "left", RIGHT_LOWER, [LEFT_UPPER]),
];
/** @type {Record<number, number[]>} x, y, width, height of a person who faces us */
const BODY = {
  [TORSO]: [45, 20, 30, 60], [RIGHT_UPPER]: [35, 20, 10, 30], [LEFT_UPPER]: [75, 20, 10, 30], [RIGHT_LOWER]: [35, 50, 10, 30], [LEFT_LOWER]: [75, 50, 10, 30],
};

/** @param {Record<number, number[]>} rects */
function painted(rects) {
  const document = new LabelDocument(SIZE, SIZE);
  for (const [value, [x, y, width, height]] of Object.entries(rects)) {
    for (let row = y; row < y + height; row += 1) document.paintRow(row, x, x + width, Number(value), { kind: "all" });
  }
  document.commit();
  return document;
}

function keypoints() {
  const points = new Array(51).fill(0);
  for (const [joint, x, y] of [[5, 80, 20], [6, 40, 20], [7, 80, 50], [8, 40, 50], [9, 80, 80], [10, 40, 80]]) points.splice(3 * joint, 3, x, y, 2);
  return points;
}

const swapped = (rects, points) => swappedParts(shapesOf(painted(rects)), PARTS, points).map(({ part: number }) => number);

test("a body as it should be raises no question", () => {
  const shapes = shapesOf(painted(BODY));
  assert.deepEqual(farParts(shapes, PARTS), []);
  assert.deepEqual(swappedParts(shapes, PARTS, keypoints()), []);
  assert.deepEqual(swappedParts(shapes, PARTS, null), []);
  assert.deepEqual(holes(painted(BODY)), []);
});

test("a part far from all its neighbours is named, with its place", () => {
  const found = farParts(shapesOf(painted({ ...BODY, [LEFT_LOWER]: [110, 100, 8, 15] })), PARTS);
  assert.deepEqual(found, [{ part: LEFT_LOWER, rect: { x: 110, y: 100, width: 8, height: 15 } }]);
});

test("swapped sides are seen by the joints, by one side alone, and without joints by what hangs on what", () => {
  const mirrored = { ...BODY, [RIGHT_LOWER]: BODY[LEFT_LOWER], [LEFT_LOWER]: BODY[RIGHT_LOWER] };
  assert.deepEqual(swapped(mirrored, keypoints()), [RIGHT_LOWER]);
  assert.deepEqual(swapped({ [TORSO]: BODY[TORSO], [LEFT_UPPER]: BODY[RIGHT_UPPER] }, keypoints()), [LEFT_UPPER]);
  assert.deepEqual(swapped(mirrored, null).includes(RIGHT_LOWER), true);
});

test("holes: inside one part or a crack, never the gap of an arm on the hip", () => {
  const document = painted(BODY);
  for (let y = 40; y < 50; y += 1) document.paintRow(y, 55, 63, 0, { kind: "all" });
  document.commit();
  const [hole] = holes(document);
  assert.deepEqual([hole.part, hole.rect], [TORSO, { x: 55, y: 40, width: 8, height: 10 }]);
  const ring = painted({ [TORSO]: [20, 20, 80, 10], [RIGHT_UPPER]: [20, 30, 10, 50], [LEFT_UPPER]: [90, 30, 10, 50], [RIGHT_LOWER]: [20, 80, 80, 10] });
  assert.deepEqual(holes(ring), []);
});

test("tidying closes holes and gives specks to what surrounds them; undo brings them back", () => {
  const document = painted(BODY);
  for (let y = 40; y < 46; y += 1) document.paintRow(y, 55, 60, 0, { kind: "all" });
  document.paintRow(100, 100, 103, TORSO, { kind: "all" });
  document.paintRow(30, 38, 40, TORSO, { kind: "all" });
  document.commit();
  const before = [...document.cells];
  assert.equal(cleanPart(document, TORSO), 3);
  const delta = document.commit();
  assert.deepEqual([document.valueAt(57, 43), document.valueAt(101, 100), document.valueAt(38, 30)], [TORSO, 0, RIGHT_UPPER]);
  document.apply(delta, "undo");
  assert.deepEqual([...document.cells], before);
});

test("smoothing takes teeth off a border, keeps straight sides, and never grows over another part", () => {
  const document = painted({ [TORSO]: [20, 20, 50, 50], [LEFT_UPPER]: [70, 20, 20, 50] });
  for (let x = 24; x < 66; x += 6) for (let y = 17; y < 20; y += 1) document.paintRow(y, x, x + 2, TORSO, { kind: "all" });
  document.commit();
  const neighbour = document.areas[LEFT_UPPER];
  smoothPart(document, TORSO);
  document.commit();
  assert.ok(document.areas[LEFT_UPPER] >= neighbour);
  for (let x = 24; x < 66; x += 6) assert.equal(document.valueAt(x, 18), 0);
  for (let y = 25; y < 65; y += 1) assert.deepEqual([document.valueAt(20, y), document.valueAt(19, y), document.valueAt(69, y)], [TORSO, 0, TORSO]);
});

/** What is asked of a person before it is handed in, where nothing else is doubtful. @param {Record<number, number[]>} rects @param {[number, string][]} decided */
async function asked(rects, decided = []) {
  const document = painted(rects);
  for (const [number, decision] of decided) document.decided.set(number, decision);
  const parts = PARTS.map((one) => ({ ...one, name: `part ${one.number}` }));
  const nothing = { tiny: [], open: [], far: [], swapped: [], isInside: true };
  const picked = [];
  const desk = {
    document, order: new PartOrder(parts, parts.map(({ number }) => number)), shell: { config: { parts } },
    cells: { ask: async () => nothing }, pick: (number) => picked.push(number), toNextOpen: () => picked.push("next"),
  };
  const { asks } = await questionsOf(desk, { box: [0, 0, SIZE, SIZE], crop: { x: 0, y: 0 } }, null);
  for (const { show } of asks) show?.();
  return { titles: asks.map(({ title }) => title), picked };
}

test("a part left open between two that are painted is asked about; ends that are out of sight are not", async () => {
  const { [RIGHT_UPPER]: _upper, ...gap } = BODY;
  assert.deepEqual(await asked(gap), { titles: ["Left open between painted parts: part 2"], picked: [RIGHT_UPPER] });
  assert.deepEqual((await asked(gap, [[RIGHT_UPPER, "not_visible"]])).titles, []);
  const { [RIGHT_LOWER]: _lower, ...noEnd } = BODY;
  assert.deepEqual((await asked(noEnd)).titles, []);
});

test("a person of whom most is left open is asked about once", async () => {
  const found = await asked({ [TORSO]: BODY[TORSO] });
  assert.deepEqual(found, { titles: ["All but this is left open: part 1"], picked: ["next"] });
});
