import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { ViewCache } from "../../annotator/static/annotator/workbench/points/view-cache.js";
import { cylinderPart } from "./points-cylinder.js";

const { manifest, bytes } = cylinderPart();

/** A server of parts that all look alike, and a browser that decodes pictures. */
function setUp(t) {
  globalThis.createImageBitmap ??= () => {};
  t.mock.method(globalThis, "createImageBitmap", async () => ({}));
  const asked = [];
  const fetcher = async (url) => {
    asked.push(url);
    const body = url.endsWith(".json") ? JSON.stringify(manifest) : deflateSync(new Uint8Array(bytes));
    return new Response(body);
  };
  return { cache: new ViewCache(fetcher), asked };
}

test("the part that the next person begins with stays ready, however many parts come before", async (t) => {
  const { cache, asked } = setUp(t);
  cache.await("/part/1/");
  for (let part = 2; part <= 14; part += 1) await cache.load(`/part/${part}/`);
  assert.ok(cache.ready("/part/1/"));
  assert.ok(cache.ready("/part/14/"));
  assert.equal(cache.ready("/part/2/"), null, "the others make room");
  assert.equal(asked.filter((url) => url === "/part/1/pick.bin").length, 1);
});
