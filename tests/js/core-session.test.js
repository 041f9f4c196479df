import assert from "node:assert/strict";
import { test } from "node:test";

import { ActiveClock } from "../../annotator/static/annotator/workbench/core/active-clock.js";
import { ApiError } from "../../annotator/static/annotator/workbench/core/api.js";
import { Session } from "../../annotator/static/annotator/workbench/core/session.js";
import { reconcile } from "../../annotator/static/annotator/workbench/core/work.js";

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** This computer's store, in memory. */
class FakeLocal {
  drafts = new Map();
  entries = new Map();
  outbox = new Map();
  async draftOf(id) { return this.drafts.get(id) ?? null; }
  async historyOf(id) { return { entries: this.entries.get(id) ?? [], position: null }; }
  async move(from, to, revision) {
    const draft = this.drafts.get(from);
    if (draft) this.drafts.set(to, { ...draft, leaseId: to, revision });
    this.drafts.delete(from);
  }
  async putBundle() {}
  async bundleOf() { return null; }
  async forget(id) { this.drafts.delete(id); }
  async putSubmission(pending) { this.outbox.set(pending.clientUuid, structuredClone(pending)); }
  async submissions() { return [...this.outbox.values()]; }
  async forgetSubmission(uuid) { this.outbox.delete(uuid); }
}

/** A queue of people, one lease each. */
class FakeApi {
  calls = [];
  people = ["a", "b", "c"];
  failure = null;
  #handedOut = new Map();

  bundle(id) {
    return { lease: { id, expires_at: "", revision: 0, active_ms: 0, heartbeat_s: 60 }, image_url: `/${id}`, draft: null, done_today: 0 };
  }

  async get(path) {
    this.calls.push(`GET ${path}`);
    return this.bundle(path.split("/")[1]);
  }

  async post(path, body) {
    this.calls.push(`POST ${path}`);
    if (this.failure && this.failure.on.test(path)) throw this.failure.error;
    if (path.endsWith("/next")) return this.#next(body.holding);
    if (path.endsWith("/take-again")) return this.bundle("again");
    if (path.endsWith("/submit")) {
      this.submitted ??= [];
      this.submitted.push({ path, ...body });
      this.#handedOut.delete(path.split("/")[1]);
      return { submission: 7, reopen_until: null };
    }
    if (path.endsWith("/skip")) this.#handedOut.delete(path.split("/")[1]);
    return {};
  }

  farewell() {}

  #next(holding) {
    const held = [...this.#handedOut.keys()].find((id) => !holding.includes(id));
    const id = held ?? this.people.shift();
    if (!id) return { lease: null, empty: { reason: "none_open", message: "No more." } };
    this.#handedOut.set(id, true);
    return this.bundle(id);
  }
}

function setUp(t, api = new FakeApi(), local = new FakeLocal()) {
  const shown = [];
  const events = {
    onWork: (work) => shown.push(work.bundle.lease.id), onLoading: () => {}, onEmpty: () => shown.push("empty"), onTrouble: (error) => shown.push(`trouble ${error.kind}`),
    onSubmitted: () => {}, onSubmitWaits: () => {}, onReturned: (error, id) => shown.push(`returned ${id} ${error.code}`), onLeaseOver: () => shown.push("over"),
  };
  const session = new Session({ api, projectId: 1, stage: "parts", userId: 5, local, clock: new ActiveClock(), events, loadImage: async () => ({}) });
  // Its heartbeat would keep the test alive.
  const intervals = t.mock.method(globalThis, "setInterval", () => 0);
  void intervals;
  return { session, api, local, shown };
}

test("the next person is asked for in advance and shown at once after submitting", async (t) => {
  const { session, api, shown } = setUp(t);
  await session.start();
  await settle();
  assert.deepEqual(api.calls.filter((call) => call.endsWith("next")).length, 2);
  await session.submit({ label_map: "x" });
  assert.deepEqual(shown, ["a", "b"]);
  await settle();
  await session.submit({ label_map: "y" });
  await settle();
  await session.submit({ label_map: "z" });
  await settle();
  assert.deepEqual(shown, ["a", "b", "c", "empty"]);
  assert.deepEqual(api.submitted.map(({ path }) => path), ["leases/a/submit", "leases/b/submit", "leases/c/submit"]);
});

test("what is handed in never comes back as the next, however slowly this computer writes", async (t) => {
  const local = new FakeLocal();
  const put = local.putSubmission.bind(local);
  local.putSubmission = async (pending) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return put(pending);
  };
  const { session, shown } = setUp(t, new FakeApi(), local);
  await session.start();
  await settle();
  for (const label_map of ["x", "y", "z"]) {
    await session.submit({ label_map });
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  assert.deepEqual(shown, ["a", "b", "c", "empty"]);
});

test("a save under way holds up the answer, not the next person", async (t) => {
  const { session, api, shown } = setUp(t);
  await session.start();
  await settle();
  let saved = () => {};
  await session.submit({ label_map: "x" }, new Promise((resolve) => { saved = () => resolve(undefined); }));
  await settle();
  assert.deepEqual(shown, ["a", "b"]);
  assert.equal(api.submitted, undefined, "it does not overtake the save");
  assert.equal(session.waiting, 1);
  saved();
  await settle();
  assert.deepEqual(api.submitted.map(({ path }) => path), ["leases/a/submit"]);
});

test("a save that failed holds nothing up", async (t) => {
  const { session, api, shown } = setUp(t);
  await session.start();
  await settle();
  await session.submit({ label_map: "x" }, Promise.reject(new Error("the draft could not be packed")));
  await settle();
  assert.deepEqual(shown, ["a", "b"]);
  assert.deepEqual(api.submitted.map(({ path }) => path), ["leases/a/submit"]);
});

test("a next person whom another window gave back is asked for anew; the one in work is not over", async (t) => {
  const { session, api, shown } = setUp(t);
  await session.start();
  await settle();
  api.failure = { on: /b.heartbeat$/, error: new ApiError("lease_over", { status: 410 }) };
  await session.wake();
  await settle();
  assert.equal(api.calls.filter((call) => call.endsWith("next")).length, 3);
  await session.submit({ label_map: "x" });
  assert.deepEqual(shown, ["a", "b"]);
});

test("a submission that finds no server waits on this computer and goes out once, with its UUID", async (t) => {
  const { session, api, local, shown } = setUp(t);
  await session.start();
  await settle();
  api.failure = { on: /submit$/, error: new ApiError("offline") };
  await session.submit({ label_map: "x" });
  assert.deepEqual(shown, ["a", "b"], "work goes on");
  assert.equal(session.waiting, 1);
  const [kept] = await local.submissions();
  api.failure = null;
  await session.flush();
  assert.equal(session.waiting, 0);
  assert.deepEqual(api.submitted.map(({ client_uuid }) => client_uuid), [kept.clientUuid]);
  assert.equal((await local.submissions()).length, 0);
});

test("what an earlier page could not send is sent by the next one, for its own account only", async (t) => {
  const local = new FakeLocal();
  const pending = { stage: "parts", projectId: 1, answer: { label_map: "q" }, activeMs: 1, savedAt: 0 };
  await local.putSubmission({ ...pending, clientUuid: "u1", leaseId: "old", userId: 5 });
  await local.putSubmission({ ...pending, clientUuid: "u2", leaseId: "other", userId: 6 });
  const { session, api } = setUp(t, new FakeApi(), local);
  const held = t.mock.method(api, "post");
  await session.start();
  const [next] = held.mock.calls.filter(({ arguments: [path] }) => path.endsWith("/next"));
  assert.deepEqual(next.arguments[1].holding, ["old"], "or it would be handed out again");
  await settle();
  assert.deepEqual(api.submitted.map(({ client_uuid }) => client_uuid), ["u1"]);
  assert.equal((await local.submissions()).length, 1);
});

test("a refused submission comes back with its work", async (t) => {
  const { session, api, shown } = setUp(t);
  await session.start();
  await settle();
  api.failure = { on: /submit$/, error: new ApiError("refused", { status: 400, code: "nothing_painted" }) };
  await session.submit({});
  await settle();
  assert.ok(shown.includes("returned a nothing_painted"), shown.join());
});

test("a lease that ran out before its submission was sent is taken again", async (t) => {
  const { session, api } = setUp(t);
  await session.start();
  await settle();
  const post = api.post.bind(api);
  api.post = async (path, body) => {
    if (path === "leases/a/submit") throw new ApiError("lease_over", { status: 410 });
    return post(path, body);
  };
  await session.submit({ label_map: "x" });
  await settle();
  assert.deepEqual(api.submitted.map(({ path }) => path), ["leases/again/submit"]);
});

for (const [who, kind, code] of [["another's", "taken", "task_taken"], ["kept from someone paused", "refused", "paused"]]) test(`a submission whose place is ${who} leaves its work as the draft, here and on the server`, async (t) => {
  const { session, api, local, shown } = setUp(t);
  await session.start();
  await settle();
  local.drafts.set("a", { leaseId: "a", draft: { label_map: "x" }, revision: 4, isDirty: true, position: 0, activeMs: 0, savedAt: 0 });
  const post = api.post.bind(api);
  api.post = async (path, body) => {
    if (path === "leases/a/submit") throw new ApiError("lease_over", { status: 410, code: "lease_over" });
    if (path === "leases/a/take-again") throw new ApiError(kind, { code });
    return post(path, body);
  };
  const written = [];
  api.put = async (path, { revision, draft }) => {
    written.push([path, revision, draft]);
    throw new ApiError("lease_over", { status: 410 });
  };
  await session.submit({ label_map: "x" });
  await settle();
  assert.deepEqual(written, [["leases/a/draft", 4, { label_map: "x" }]]);
  assert.ok(local.drafts.has("a"));
  assert.deepEqual(shown, ["a", "b", kind === "taken" ? "returned a lease_over" : "returned a paused"]);
  assert.equal(session.waiting, 0);
});

test("no server at the start: told, and tried again", async (t) => {
  const { session, api, shown } = setUp(t);
  api.failure = { on: /next$/, error: new ApiError("offline") };
  await session.start();
  assert.deepEqual(shown, ["trouble offline"]);
  api.failure = null;
  await session.retry();
  assert.deepEqual(shown, ["trouble offline", "a"]);
});

test("which draft to go on with: the server's, this computer's, or both to be asked about", () => {
  const bundle = (revision, draft) => ({ lease: { id: "a", revision }, draft });
  const kept = (revision, draft, isDirty) => ({ leaseId: "a", revision, draft, isDirty, position: 2, activeMs: 0, savedAt: 0 });
  const entries = { entries: [{ index: 0, delta: {} }, { index: 1, delta: {} }], position: 2 };
  assert.equal(reconcile(bundle(3, { v: 1 }), null, entries).draft.v, 1);
  const equal = reconcile(bundle(3, { v: 1 }), kept(3, { v: 1 }, false), entries);
  assert.equal(equal.entries.length, 2, "undo survives a reload");
  const ahead = reconcile(bundle(3, { v: 1 }), kept(3, { v: 2 }, true), entries);
  assert.deepEqual([ahead.draft.v, ahead.isAhead, ahead.isForked], [2, true, false]);
  const behind = reconcile(bundle(5, { v: 9 }), kept(3, { v: 2 }, false), entries);
  assert.deepEqual([behind.draft.v, behind.entries.length], [9, 0]);
  const forked = reconcile(bundle(5, { v: 9 }), kept(3, { v: 2 }, true), entries);
  assert.deepEqual([forked.draft.v, forked.isForked], [2, true]);
  const lostAnswer = reconcile(bundle(4, { v: 2 }), kept(3, { v: 2 }, true), entries);
  assert.deepEqual([lostAnswer.isAhead, lostAnswer.isForked], [false, false]);

  // The page was killed before the draft of the last edit was written: its entry tells.
  const killed = reconcile(bundle(3, { v: 1 }), kept(3, { v: 1 }, false), { ...entries, position: 3 });
  assert.deepEqual([killed.position, killed.target, killed.isAhead, killed.isForked], [2, 3, true, false]);
  const first = reconcile(bundle(0, null), kept(0, null, false), { ...entries, position: 3 });
  assert.deepEqual([first.target, first.isAhead], [3, true]);
  const overtaken = reconcile(bundle(5, { v: 9 }), kept(3, { v: 1 }, false), { ...entries, position: 3 });
  assert.deepEqual([overtaken.isAhead, overtaken.isForked], [true, true]);
});

test("work is asked for again by itself when the server was away", async (t) => {
  const { session, api, shown } = setUp(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  api.failure = { on: /next$/, error: new ApiError("offline") };
  await session.start();
  assert.deepEqual(shown, ["trouble offline"]);
  api.failure = null;
  t.mock.timers.tick(2000);
  t.mock.timers.reset();
  await settle();
  assert.deepEqual(shown, ["trouble offline", "a"]);
});
