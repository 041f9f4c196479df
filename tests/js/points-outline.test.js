import assert from "node:assert/strict";
import { test } from "node:test";

import { boundsOf, outlineOf, sideOfPersonsRight } from "../../annotator/static/annotator/workbench/points/outline.js";

/** @param {string[]} rows */
const mapOf = (rows) => ({ labels: Uint8Array.from(rows.join("")), width: rows[0].length, height: rows.length });

test("a filled rectangle has one outline within half a pixel of its border", () => {
  const { labels, width, height } = mapOf(["00000", "01110", "01110", "00000"]);
  const loops = outlineOf(labels, width, height, 1);
  assert.equal(loops.length, 1);
  const { x, y, width: w, height: h } = boundsOf(loops);
  assert.deepEqual([x, y, w, h], [1, 1, 3, 2]);
});

test("a hole and a second island have outlines of their own", () => {
  const { labels, width, height } = mapOf(["1110001", "1010001", "1110001"]);
  assert.equal(outlineOf(labels, width, height, 1).length, 3);
});

test("a part at the edge of the map is closed along the edge; an absent part has no outline", () => {
  const { labels, width, height } = mapOf(["11", "11"]);
  assert.deepEqual(boundsOf(outlineOf(labels, width, height, 1)), { x: 0, y: 0, width: 2, height: 2 });
  assert.deepEqual(outlineOf(labels, width, height, 3), []);
});

test("the person's right is where the right parts are", () => {
  const sides = new Map([[1, null], [2, "right"], [3, "left"]]);
  assert.equal(sideOfPersonsRight(mapOf(["2201133"]).labels, 7, sides), "left");
  assert.equal(sideOfPersonsRight(mapOf(["3301122"]).labels, 7, sides), "right");
  assert.equal(sideOfPersonsRight(mapOf(["1101111"]).labels, 7, sides), null);
});
