import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../annotator/static/annotator/workbench/core/api.js";
import { Saver, isSame } from "../../annotator/static/annotator/workbench/core/saver.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that keeps one draft as the real one does, and may fail in ways a test chooses. */
class FakeServer {
  revision = 0;
  draft = null;
  writes = [];
  failure = null;
  losesAnswer = false;
  isSlow = false;

  async put(path, { revision, draft }) {
    assert.equal(path, "leases/L/draft");
    if (this.isSlow) await pause(20);
    if (this.failure) throw this.failure;
    if (revision !== this.revision) throw new ApiError("stale", { status: 409, body: { current: { revision: this.revision, saved_at: "t", draft: this.draft } } });
    this.revision += 1;
    this.draft = draft;
    this.writes.push(draft);
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new ApiError("offline");
    }
    return { revision: this.revision };
  }
}

function setUp(server = new FakeServer()) {
  const work = { value: 0 };
  const kept = [];
  const states = [];
  const saver = new Saver({
    api: server, leaseId: "L", revision: 0, encode: async () => ({ value: work.value }), activeMs: () => 5, delayMs: 10,
    keepLocal: (record) => kept.push(record), onStatus: ({ state }) => states.push(state),
  });
  const edit = (value) => {
    work.value = value;
    saver.changed();
  };
  return { server, saver, edit, kept, states };
}

test("a change is saved after a moment, and the states follow it", async () => {
  const { server, saver, edit, states } = setUp();
  edit(1);
  await pause(40);
  assert.deepEqual(server.writes, [{ value: 1 }]);
  assert.deepEqual(states, ["not_saved", "saving", "saved"]);
  assert.equal(saver.status.changes, 0);
  saver.close();
});

test("someone who never pauses is saved while they work", async () => {
  const { server, saver, edit } = setUp();
  for (let i = 1; i <= 20; i += 1) {
    edit(i);
    await pause(4);
  }
  assert.ok(server.writes.length >= 2, `${server.writes.length} writes`);
  await saver.saveNow();
  assert.deepEqual(server.draft, { value: 20 });
  saver.close();
});

test("changes during a save are written after it, in order, one request at a time", async () => {
  const { server, saver, edit } = setUp();
  server.isSlow = true;
  edit(1);
  const first = saver.saveNow();
  edit(2);
  await first;
  await saver.saveNow();
  assert.deepEqual(server.writes.map(({ value }) => value).at(-1), 2);
  assert.equal(server.revision, server.writes.length);
  assert.equal(saver.isDirty, false);
  saver.close();
});

test("offline: work goes on, is counted, and is sent once when the line is back", async () => {
  const { server, saver, edit } = setUp();
  server.failure = new ApiError("offline");
  edit(1);
  await saver.saveNow();
  edit(2);
  edit(3);
  assert.equal(saver.status.state, "offline");
  assert.equal(saver.status.changes, 3);
  assert.ok(saver.status.retryAt > Date.now());
  server.failure = null;
  await saver.saveNow();
  assert.deepEqual(server.writes, [{ value: 3 }]);
  assert.equal(saver.status.state, "saved");
  saver.close();
});

test("a write whose answer was lost is recognised as our own", async () => {
  const { server, saver, edit } = setUp();
  server.losesAnswer = true;
  edit(1);
  await saver.saveNow();
  assert.equal(saver.status.state, "offline");
  await saver.saveNow();
  assert.equal(saver.status.state, "saved");
  assert.equal(saver.revision, 1);
  assert.equal(server.writes.length, 1);
  saver.close();
});

test("a lost answer and a later change: both are on the server in the end", async () => {
  const { server, saver, edit } = setUp();
  server.losesAnswer = true;
  edit(1);
  await saver.saveNow();
  edit(2);
  await saver.saveNow();
  await pause(40);
  assert.deepEqual(server.draft, { value: 2 });
  assert.equal(saver.status.state, "saved");
  saver.close();
});

test("one of several writes without an answer reached the server: it is recognised as our own", async () => {
  const { server, saver, edit } = setUp();
  server.failure = new ApiError("offline");
  edit(1);
  await saver.saveNow();
  server.failure = null;
  server.losesAnswer = true;
  edit(2);
  await saver.saveNow();
  edit(3);
  await saver.saveNow();
  await pause(40);
  assert.equal(saver.status.state, "saved");
  assert.deepEqual(server.draft, { value: 3 });
  saver.close();
});

test("stale: nothing is overwritten until one version is chosen", async () => {
  const { server, saver, edit } = setUp();
  server.revision = 4;
  server.draft = { value: 99 };
  edit(1);
  await saver.saveNow();
  assert.equal(saver.status.state, "stale");
  assert.deepEqual(saver.status.theirs.draft, { value: 99 });
  edit(2);
  await saver.saveNow();
  assert.deepEqual(server.draft, { value: 99 });
  await saver.resolve("mine");
  assert.deepEqual(server.draft, { value: 2 });
  assert.equal(saver.status.state, "saved");
  saver.close();
});

test("stale, theirs chosen: theirs stays and counts as saved", async () => {
  const { server, saver, edit } = setUp();
  server.revision = 4;
  server.draft = { value: 99 };
  edit(1);
  await saver.saveNow();
  await saver.resolve("theirs");
  assert.deepEqual(server.draft, { value: 99 });
  assert.equal(saver.status.state, "saved");
  assert.equal(saver.revision, 4);
  saver.close();
});

test("a lease that ran out and an expired login are told apart, and both keep the work here", async () => {
  const { server, saver, edit, kept } = setUp();
  server.failure = new ApiError("lease_over", { status: 410, body: { is_free: true } });
  edit(1);
  await saver.saveNow();
  assert.equal(saver.status.state, "over");
  assert.equal(saver.status.isFree, true);
  server.failure = new ApiError("login", { status: 401 });
  await saver.saveNow();
  assert.equal(saver.status.state, "login");
  await saver.keepHere();
  assert.deepEqual(kept.at(-1).draft, { value: 1 });
  assert.equal(kept.at(-1).isDirty, true);
  saver.close();
});

test("a draft that the server kept although its time was over is built upon", async () => {
  const { server, saver, edit, kept } = setUp();
  server.failure = new ApiError("lease_over", { status: 410, body: { is_free: false, state: "expired", revision: 7 } });
  edit(1);
  await saver.saveNow();
  assert.deepEqual([saver.status.state, saver.revision, saver.isDirty], ["over", 7, false]);
  await pause(1);
  assert.deepEqual([kept.at(-1).revision, kept.at(-1).isDirty], [7, false]);
  saver.close();
});

test("the copy on this computer knows how many entries it holds, whatever is done while it is packed", async () => {
  const work = { position: 3 };
  const kept = [];
  const saver = new Saver({
    api: new FakeServer(), leaseId: "L", revision: 0, activeMs: () => 0, position: () => work.position, keepLocal: (record) => kept.push(record),
    encode: async () => {
      work.position = 4;
      return {};
    },
  });
  await saver.keepHere();
  assert.equal(kept[0].position, 3);
  saver.close();
});

test("drafts are compared as JSON, whatever the order of keys", () => {
  assert.ok(isSame({ a: 1, b: { c: [1, 2], d: null } }, { b: { d: null, c: [1, 2] }, a: 1 }));
  assert.ok(!isSame({ a: [1, 2] }, { a: [2, 1] }));
});

test("what becomes of a save whose work was put away is no matter of the screen any more", async () => {
  const { server, saver, edit, states } = setUp();
  server.isSlow = true;
  server.failure = new ApiError("lease_over", { status: 410, body: { is_free: true } });
  edit(1);
  await pause(20);
  await saver.close();
  assert.deepEqual(states, ["not_saved", "saving"]);
});
