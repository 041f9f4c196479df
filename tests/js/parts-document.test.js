import assert from "node:assert/strict";
import { test } from "node:test";

import { hasLabels, partsWithHints, specks } from "../../annotator/static/annotator/workbench/parts/checks.js";
import { clearPart, finishPart, markNotVisible, swapPerson, swapRegion, takeAllHints } from "../../annotator/static/annotator/workbench/parts/edits.js";
import { HINT, splitCells } from "../../annotator/static/annotator/workbench/parts/cells.js";
import { LabelDocument } from "../../annotator/static/annotator/workbench/parts/label-document.js";
import { addLines, traceTile } from "../../annotator/static/annotator/workbench/parts/outline.js";
import { paintPolygon, paintSegment, regionAt } from "../../annotator/static/annotator/workbench/parts/raster.js";

/** A small generator, so that a failure can be had again. @param {number} seed */
function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const MIRRORS = new Map([[1, 1], [2, 3], [3, 2], [14, 14]]);

/** Areas kept by commits must be those that counting gives. @param {LabelDocument} document */
function assertAreas(document) {
  const counted = new Int32Array(32);
  for (const value of document.cells) counted[value] += 1;
  assert.deepEqual([...document.areas], [...counted]);
}

test("a thick segment paints exactly the pixels whose centre is within its radius", () => {
  const next = random(5);
  for (let n = 0; n < 60; n += 1) {
    const [a, b] = [{ x: next() * 40, y: next() * 40 }, { x: next() * 40, y: next() * 40 }];
    const radius = 1 + next() * 8;
    const document = new LabelDocument(40, 40);
    paintSegment(a, b, radius, (y, from, to) => document.paintRow(y, from, to, 1, { kind: "all" }));
    for (let i = 0; i < 1600; i += 1) {
      const [x, y] = [(i % 40) + 0.5, Math.floor(i / 40) + 0.5];
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const along = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
      if (Math.abs(distance - radius) < 1e-9) continue;
      assert.equal(document.cells[i], distance < radius ? 1 : 0, `pixel ${x} ${y}, radius ${radius}`);
    }
  }
});

test("the finest brush still paints the pixel under it", () => {
  const document = new LabelDocument(9, 9);
  paintSegment({ x: 4.05, y: 4.95 }, { x: 4.05, y: 4.95 }, 0.1, (y, from, to) => document.paintRow(y, from, to, 1, { kind: "all" }));
  assert.equal(document.valueAt(4.05, 4.95), 1);
});

test("a polygon fills pixel centres; a lasso that crosses itself stays full", () => {
  const document = new LabelDocument(20, 20);
  const rows = (y, from, to) => document.paintRow(y, from, to, 2, { kind: "all" });
  paintPolygon([{ x: 2, y: 2 }, { x: 10, y: 2 }, { x: 10, y: 7 }, { x: 2, y: 7 }], rows);
  assert.equal(document.cells.reduce((sum, value) => sum + Number(value === 2), 0), 8 * 5);
  const star = Array.from({ length: 5 }, (_, i) => ({ x: 10 + 9 * Math.sin((i * 4 * Math.PI) / 5), y: 10 - 9 * Math.cos((i * 4 * Math.PI) / 5) }));
  paintPolygon(star, rows);
  assert.equal(document.valueAt(10, 10), 2, "the heart of the star");
});

test("rules: over all, only where nothing is annotated, only over one part", () => {
  const labels = Uint8Array.from([0, 1, 2, 0]);
  const hints = Uint8Array.from([3, 0, 0, 0]);
  const painted = (rule) => {
    const document = new LabelDocument(4, 1, { labels, hints });
    document.paintRow(0, 0, 4, 5, rule);
    return [...document.cells];
  };
  assert.deepEqual(painted({ kind: "all" }), [5, 5, 5, 5]);
  assert.deepEqual(painted({ kind: "empty" }), [5, 1, 2, 5]);
  assert.deepEqual(painted({ kind: "part", part: 2 }), [3 | HINT, 1, 5, 0]);
  assert.deepEqual(painted({ kind: "part", part: 3 }), [5, 1, 2, 0]);
});

test("undo and redo bring back every byte and every decision", () => {
  const next = random(11);
  const document = new LabelDocument(50, 40, { hints: new Uint8Array(2000).fill(3, 300, 500) });
  const states = [{ cells: [...document.cells], decided: [...document.decided] }];
  const deltas = [];
  for (let n = 0; n < 40; n += 1) {
    const part = 1 + Math.floor(next() * 3);
    const kind = n % 8;
    if (kind === 5) finishPart(document, part);
    else if (kind === 6) markNotVisible(document, part);
    else if (kind === 7) swapPerson(document, MIRRORS);
    else paintSegment({ x: next() * 50, y: next() * 40 }, { x: next() * 50, y: next() * 40 }, 1 + next() * 6, (y, from, to) => document.paintRow(y, from, to, part, { kind: "all" }));
    const delta = document.commit();
    if (!delta) continue;
    deltas.push(delta);
    states.push({ cells: [...document.cells], decided: [...document.decided] });
    assertAreas(document);
  }
  assert.ok(deltas.length > 30);
  const sorted = (decided) => [...decided].sort(([a], [b]) => a - b);
  for (let i = deltas.length - 1; i >= 0; i -= 1) {
    document.apply(structuredClone(deltas[i]), "undo");
    assert.deepEqual([...document.cells], states[i].cells);
    assert.deepEqual(sorted(document.decided), sorted(states[i].decided));
  }
  for (const delta of deltas) document.apply(delta, "redo");
  assert.deepEqual([...document.cells], states.at(-1).cells);
  assertAreas(document);
});

test("a stroke given up leaves no trace", () => {
  const document = new LabelDocument(10, 10, { hints: new Uint8Array(100).fill(2, 0, 20) });
  const before = [...document.cells];
  document.takeHint(2);
  document.decide(2, "touched");
  document.paintRow(5, 0, 10, 1, { kind: "all" });
  document.rollback();
  assert.deepEqual([...document.cells], before);
  assert.equal(document.decided.size, 0);
  assert.equal(document.commit(), null);
});

test("split gives what is annotated and what is still a hint, never both", () => {
  const document = new LabelDocument(4, 1, { labels: Uint8Array.from([1, 0, 0, 2]), hints: Uint8Array.from([3, 3, 0, 0]), decided: { 1: "done" } });
  const { labels, hints } = splitCells(document.cells);
  assert.deepEqual([...labels], [1, 0, 0, 2]);
  assert.deepEqual([...hints], [0, 3, 0, 0]);
  takeAllHints(document);
  document.commit();
  assert.equal(splitCells(document.cells).hints, null);
  assert.equal(document.decided.get(3), "done");
});

test("swapping a region changes only that piece; elsewhere the two sides change places", () => {
  const labels = Uint8Array.from([2, 2, 0, 2, 3, 0]);
  const document = new LabelDocument(6, 1, { labels });
  swapRegion(document, { x: 0.5, y: 0.5 }, 2, MIRRORS);
  assert.deepEqual([...document.cells], [3, 3, 0, 2, 3, 0]);
  document.commit();
  swapRegion(document, { x: 2.5, y: 0.5 }, 2, MIRRORS);
  assert.deepEqual([...document.cells], [2, 2, 0, 3, 2, 0]);
});

test("not visible clears the part, and a second time takes that back", () => {
  const document = new LabelDocument(4, 1, { labels: Uint8Array.from([1, 1, 2, 0]) });
  markNotVisible(document, 1);
  document.commit();
  assert.deepEqual([...document.cells], [0, 0, 2, 0]);
  assert.equal(document.decided.get(1), "not_visible");
  markNotVisible(document, 1);
  document.commit();
  assert.equal(document.decided.has(1), false);
  clearPart(document, 2);
  document.commit();
  assert.ok(!hasLabels(document));
});

test("a region is its connected cells, and knows whether the border encloses it", () => {
  const cells = Uint8Array.from([1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  const hole = regionAt(cells, 4, 4, 1, 1);
  assert.equal(hole.area, 2);
  assert.equal(hole.touchesBorder, false);
  assert.equal(regionAt(cells, 4, 4, 0, 3).touchesBorder, true);
  assert.equal(regionAt(cells, 4, 4, 0, 0).area, 10);
});

test("specks and hints are seen before a person is handed in", () => {
  const labels = new Uint8Array(10_000).fill(1, 0, 6000);
  labels.fill(1, 9000, 9003);
  const hints = new Uint8Array(10_000).fill(2, 8000, 8050);
  const document = new LabelDocument(100, 100, { labels, hints });
  assert.deepEqual(specks(document), [{ part: 1, rect: { x: 0, y: 90, width: 3, height: 1 } }]);
  assert.deepEqual(partsWithHints(document), [2]);
});

test("outlines close, surround their part, and meet over the border of two tiles", () => {
  const next = random(3);
  for (let n = 0; n < 40; n += 1) {
    const cells = Uint8Array.from({ length: 20 * 17 }, () => Math.floor(next() * 3));
    for (const [, lines] of traceTile(cells, 20, 17, 0, 0)) {
      for (const line of lines) assert.equal(line[0], line.at(-1));
    }
  }
  const one = new Uint8Array(100);
  one[55] = 4;
  const [[value, [ring]]] = traceTile(one, 10, 10, 0, 0);
  assert.equal(value, 4);
  for (const { x, y } of ring) assert.ok(Math.hypot(x - 5.5, y - 5.5) < 0.5);
  const wide = new Uint8Array(140 * 10);
  for (let y = 3; y < 7; y += 1) wide.fill(1, y * 140 + 50, y * 140 + 90);
  const [left] = [traceTile(wide, 140, 10, 0, 0).get(1)];
  const [right] = [traceTile(wide, 140, 10, 1, 0).get(1)];
  const ends = (lines) => lines.flatMap((line) => [line[0], line.at(-1)]).map(({ x, y }) => `${x} ${y}`).sort();
  assert.deepEqual(ends(left), ends(right));
  const calls = [];
  const path = Object.fromEntries(["moveTo", "lineTo", "quadraticCurveTo", "closePath"].map((name) => [name, () => calls.push(name)]));
  addLines([ring], path);
  assert.ok(calls.includes("closePath"));
});
