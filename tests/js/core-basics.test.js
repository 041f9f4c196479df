import assert from "node:assert/strict";
import { test } from "node:test";

import { ActiveClock } from "../../annotator/static/annotator/workbench/core/active-clock.js";
import { Api, ApiError } from "../../annotator/static/annotator/workbench/core/api.js";
import { History } from "../../annotator/static/annotator/workbench/core/history.js";
import { packLabelMap, unpackLabelMap } from "../../annotator/static/annotator/workbench/core/label-map.js";
import { Store } from "../../annotator/static/annotator/workbench/core/store.js";
import { t, useStrings } from "../../annotator/static/annotator/workbench/core/strings.js";
import { Viewport } from "../../annotator/static/annotator/workbench/core/viewport.js";
import { facesAway } from "../../annotator/static/annotator/workbench/core/facing.js";

test("a store tells only those who watch what changed", () => {
  const store = new Store({ tool: "brush", part: 1 });
  const told = [];
  const stop = store.watch(["part"], ({ part }) => told.push(part));
  store.set({ tool: "eraser" });
  store.set({ part: 1 });
  store.set({ part: 2, tool: "brush" });
  stop();
  store.set({ part: 3 });
  assert.deepEqual(told, [2]);
  assert.equal(store.state.part, 3);
});

test("history goes both ways, forgets what is overtaken, and is kept", () => {
  let value = 0;
  const kept = [];
  const history = new History({
    apply: ({ by }, direction) => { value += direction === "undo" ? -by : by; },
    keeper: { put: (index, { by }) => { kept.length = index; kept.push(by); }, move: (position) => { kept.position = position; } },
  });
  for (const by of [1, 10, 100]) {
    value += by;
    history.push({ by });
  }
  assert.ok(history.undo() && history.undo());
  assert.equal(value, 1);
  assert.ok(history.redo());
  assert.equal(value, 11);
  value += 1000;
  history.push({ by: 1000 });
  assert.equal(history.redo(), false);
  assert.deepEqual([...kept], [1, 10, 1000]);
  assert.equal(kept.position, 3);

  const later = new History({ apply: ({ by }, direction) => { value += direction === "undo" ? -by : by; } });
  later.restore([...kept].map((by) => ({ by })), kept.position);
  later.goTo(0);
  assert.equal(value, 0);
  later.goTo(2);
  assert.equal(value, 11);
});

test("the viewport keeps the point under the cursor while zooming, and fits", () => {
  const viewport = new Viewport({ padding: 0 });
  viewport.setPane(1000, 600, 2);
  viewport.setImage(300, 500);
  assert.equal(viewport.scale, 1.2);
  assert.deepEqual(viewport.toScreen(150, 250), { x: 500, y: 300 });
  const before = viewport.toImage(420, 310);
  viewport.zoomAt(3, 420, 310);
  const after = viewport.toImage(420, 310);
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9);
  assert.deepEqual(viewport.transform, [viewport.scale * 2, 0, 0, viewport.scale * 2, viewport.x * 2, viewport.y * 2]);
  viewport.panBy(30, -20);
  const moved = viewport.toImage(450, 290);
  assert.ok(Math.hypot(before.x - moved.x, before.y - moved.y) < 1e-9);
  viewport.panBy(1e6, 1e6);
  assert.ok(viewport.x <= viewport.width && viewport.y <= viewport.height, "the picture cannot be lost");
});

test("label maps survive the wire", async () => {
  const map = Uint8Array.from({ length: 60 * 70 }, (_, i) => (i * i) % 15);
  const packed = await packLabelMap(map);
  assert.deepEqual(await unpackLabelMap(packed, 60, 70), map);
  await assert.rejects(unpackLabelMap(packed, 60, 71), RangeError);
});

test("the clock counts work and not absence", () => {
  let now = 0;
  const clock = new ActiveClock(() => now);
  clock.start(1000);
  now = 10_000;
  clock.touch();
  assert.equal(clock.activeMs, 11_000);
  now = 200_000;
  assert.equal(clock.activeMs, 41_000, "half a minute after the last touch it stands");
  clock.touch();
  now = 205_000;
  assert.equal(clock.activeMs, 46_000);
  clock.pause();
  now = 300_000;
  assert.equal(clock.activeMs, 46_000);
  clock.resume();
  now = 301_000;
  assert.equal(clock.activeMs, 47_000);
});

test("texts are translated and filled; a missing one stays English", () => {
  useStrings({ "{n} changes kept here": "{n} 項變更已留在這台電腦" });
  assert.equal(t("{n} changes kept here", { n: 3 }), "3 項變更已留在這台電腦");
  assert.equal(t("Saved"), "Saved");
  useStrings({});
});

const answering = (status, body) => async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });

test("the server's errors become few kinds", async () => {
  const cases = [
    [401, { code: "not_signed_in", message: "x" }, "login"],
    [403, { code: "not_allowed", message: "CSRF Failed: token missing" }, "login"],
    [403, { code: "not_allowed", message: "You may not do this." }, "refused"],
    [409, { code: "draft_stale", message: "x", current: { revision: 2 } }, "stale"],
    [409, { code: "task_taken", message: "x" }, "taken"],
    [410, { code: "lease_over", message: "x" }, "lease_over"],
    [404, { code: "not_found", message: "x" }, "missing"],
    [429, { code: "too_many_requests", message: "x" }, "busy"],
    [502, "<html>bad gateway</html>", "busy"],
    [500, "<html>oops</html>", "server"],
    [200, "<html>a proxy's page</html>", "server"],
    [400, { code: "nothing_painted", message: "Nothing is painted.", fields: { label_map: ["empty"] } }, "refused"],
  ];
  for (const [status, body, kind] of cases) {
    const api = new Api({ base: "/api/v1/", csrfCookie: "csrftoken", fetch: answering(status, body), readCookies: () => "" });
    const error = await api.post("x").catch((caught) => caught);
    assert.ok(error instanceof ApiError, `${status}`);
    assert.equal(error.kind, kind, `${status} ${JSON.stringify(body)}`);
  }
});

test("no answer is offline; the CSRF token is read anew each time", async () => {
  let cookie = "a=1; csrftoken=one";
  const sent = [];
  const api = new Api({
    base: "/api/v1", csrfCookie: "csrftoken", readCookies: () => cookie,
    fetch: async (url, init) => { sent.push([url, init.headers["X-CSRFToken"]]); return new Response("{}", { status: 200 }); },
  });
  await api.post("leases/1/skip");
  cookie = "csrftoken=two";
  await api.put("me", {});
  assert.deepEqual(sent, [["/api/v1/leases/1/skip", "one"], ["/api/v1/me", "two"]]);
  const lost = new Api({ base: "/api", csrfCookie: "c", readCookies: () => "", fetch: async () => { throw new TypeError("failed to fetch"); } });
  assert.equal((await lost.get("x").catch((error) => error)).kind, "offline");
});

test("someone shows their back where their left shoulder is at the left; unseen shoulders do not tell", () => {
  const shoulders = (/** @type {number} */ left, /** @type {number} */ right, seen = 2) => {
    const keypoints = Array(51).fill(0);
    [keypoints[15], keypoints[17], keypoints[18], keypoints[20]] = [left, 2, right, seen];
    return keypoints;
  };
  assert.equal(facesAway(shoulders(10, 40)), true);
  assert.equal(facesAway(shoulders(40, 10)), false);
  assert.equal(facesAway(shoulders(10, 0, 0)), null);
  assert.equal(facesAway(null), null);
});
