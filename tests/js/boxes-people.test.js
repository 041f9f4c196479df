import assert from "node:assert/strict";
import { test } from "node:test";

import { People } from "../../webapp/static/webapp/boxes/people.js";

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("a held key moves a box by every step, though the server is slower", async (t) => {
  let stored = { id: 1, box: [0, 0, 10, 10], is_deleted: false, revision: 0 };
  let writes = 0;
  t.mock.method(globalThis, "fetch", async (_url, { method, body }) => {
    if (method === "GET") return new Response(JSON.stringify([stored]));
    await pause(20);
    writes += 1;
    stored = { ...stored, ...JSON.parse(body), revision: stored.revision + 1 };
    return new Response(JSON.stringify(stored));
  });
  Object.assign(globalThis, { document: { cookie: "" } });
  const people = new People({ people_url: "/people", person_url: "/people/0", csrf_cookie: "c", words: {} });
  await people.load();
  let done = Promise.resolve();
  for (let step = 1; step <= 20; step += 1) {
    const [x, ...rest] = people.find(1).box;
    assert.equal(x, step - 1, "no answer of the server takes a step back");
    done = people.change(1, { box: [x + 1, ...rest] });
    await pause(5);
  }
  await done;
  await pause(30);
  assert.equal(stored.box[0], 20);
  assert.ok(writes < 12, `${writes} writes for 20 steps`);
});
