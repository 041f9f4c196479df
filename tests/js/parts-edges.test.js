import assert from "node:assert/strict";
import { test } from "node:test";

import { costsOf, wire } from "../../annotator/static/annotator/workbench/parts/edges/live-wire.js";
import { paintRegion, readRegions, regionsAt } from "../../annotator/static/annotator/workbench/parts/edges/regions.js";

/** A file of regions as a worker writes it. @param {number[][]} labels rows of numbers @param {number[]} parents */
function fileOf(labels, parents) {
  const [height, width] = [labels.length, labels[0].length];
  const head = new Uint16Array([width, height, parents.length, ...parents]);
  const borders = labels.flatMap((row, y) => row.map((label, x) => Number(x > 0 && row[x - 1] !== label) | (Number(y > 0 && labels[y - 1][x] !== label) << 1)));
  return Uint8Array.from([...new Uint8Array(head.buffer), ...borders]);
}

const LABELS = [
  [0, 0, 1, 1],
  [0, 2, 2, 1],
  [0, 0, 2, 1],
];

test("regions come back as they were, whatever their shape, and each by its spans", () => {
  const regions = readRegions(fileOf(LABELS, [0, 1, 0]), 4, 3);
  assert.deepEqual([...regions.labels], LABELS.flat());
  assert.deepEqual(regionsAt(regions, 2.5, 1.5, false), [2]);
  assert.deepEqual(regionsAt(regions, 2.5, 1.5, true), [0, 2], "the coarse region holds both");
  assert.deepEqual(regionsAt(regions, 4.2, 1, true), []);
  const painted = [];
  paintRegion(regions, 2, (y, from, to) => painted.push([y, from, to]));
  assert.deepEqual(painted, [[1, 1.5, 2.5], [2, 2.5, 2.5]]);
});

test("regions that meet late are one, and a smaller grid is enlarged to the crop", () => {
  // A "U": its arms are known to be one region only at the bottom row.
  const shape = [[0, 1, 0], [0, 1, 0], [0, 0, 0]];
  const regions = readRegions(fileOf(shape, [0, 0]), 6, 6);
  assert.deepEqual([...regions.labels.subarray(0, 6)], [0, 0, 1, 1, 0, 0]);
  assert.deepEqual([...regions.labels.subarray(30, 36)], [0, 0, 0, 0, 0, 0]);
  assert.throws(() => readRegions(fileOf(shape, [0, 0]).slice(0, -1), 6, 6), RangeError);
});

test("the wire runs along an edge, not straight across", () => {
  const [width, height] = [60, 40];
  // Bright below a corner: from the left at half height, then up at x = 30.
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  const isBright = (x, y) => y >= 20 || x >= 30;
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rgba.fill(isBright(x, y) ? 220 : 30, 4 * (y * width + x), 4 * (y * width + x) + 3);
  const path = wire(costsOf(rgba, width, height), { x: 4.5, y: 20.5 }, { x: 30.5, y: 4.5 });
  assert.deepEqual(path[0], { x: 4.5, y: 20.5 });
  assert.deepEqual(path.at(-1), { x: 30.5, y: 4.5 });
  for (const { x, y } of path) assert.ok(Math.min(Math.abs(y - 20), Math.abs(x - 30)) < 2, `${x} ${y} is off the edge`);
  for (let i = 1; i < path.length; i += 1) assert.ok(Math.hypot(path[i].x - path[i - 1].x, path[i].y - path[i - 1].y) < 1.5);
});

test("ends outside the picture or very far apart still give a line", () => {
  const map = { width: 1000, height: 20, costs: new Uint8Array(20_000).fill(60) };
  assert.equal(wire(map, { x: 0, y: 5 }, { x: 999, y: 5 }).length, 2);
  assert.ok(wire(map, { x: -5, y: -5 }, { x: 20, y: 30 }).length > 15);
});
