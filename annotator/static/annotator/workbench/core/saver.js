/**
 * Autosave of one lease. Each change goes to this computer at once and to the server within a second: one request at a
 * time, in order, each state once. A failed one is tried again with growing pauses; a stale one stops and shows both versions.
 */

import { ApiError } from "./api.js";

/** @typedef {import("./draft-store.js").LocalDraft} LocalDraft */

/**
 * saved: the server has it; not_saved: a change waits for its moment; saving: on its way; offline, login, stale, over:
 * kept on this computer, and why the server has it not.
 * @typedef {"saved" | "not_saved" | "saving" | "offline" | "login" | "stale" | "over" | "refused"} SaveState
 */

/**
 * @typedef {object} SaverStatus
 * @property {SaveState} state
 * @property {number} changes made since the last save
 * @property {number | null} retryAt ms since 1970
 * @property {number | null} since ms since 1970, when the trouble began
 * @property {{revision: number, saved_at: string, draft: any} | null} theirs the other version, when stale
 * @property {boolean} isFree whether the lease can be taken again, when over
 * @property {string} ended how it ended, when over: "expired", "submitted", "skipped", "released" or "retaken"
 * @property {string} message the server's words, when refused
 */

const DEBOUNCE_MS = 600;
// Undo entries are kept here at once; the whole draft follows when the hand rests.
const LOCAL_DEBOUNCE_MS = 250;
// Handing in waits no longer for a save under way.
const LAST_SAVE_MS = 1000;
// A server that is away for hours is sent a draft every half minute.
const UNANSWERED_AT_MOST = 20;
const PAUSES_MS = [1000, 2000, 5000, 10_000, 20_000, 30_000];

export class Saver {
  #api;
  #leaseId;
  #encode;
  #activeMs;
  #keepLocal;
  #position;
  #onStatus;
  #onElsewhere;
  #revision;
  #delayMs;
  // Counts changes; what is saved is known by the count at which it was encoded.
  #change = 0;
  #savedChange = 0;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #localTimer;
  /** @type {Promise<void> | null} */
  #inFlight = null;
  #isClosed = false;
  /** Drafts that were sent and never answered: the server may have any of them. @type {any[]} */
  #unanswered = [];
  /** @type {SaverStatus} */
  #status = { state: "saved", changes: 0, retryAt: null, since: null, theirs: null, isFree: false, ended: "expired", message: "" };

  /**
   * @param {object} options
   * @param {Pick<import("./api.js").Api, "put">} options.api
   * @param {string} options.leaseId
   * @param {number} options.revision
   * @param {() => Promise<any>} options.encode the draft as it is now
   * @param {() => number} options.activeMs
   * @param {() => number} [options.position] entries of the history that are done
   * @param {(record: {draft: any, position: number, revision: number, isDirty: boolean, activeMs: number}) => unknown} [options.keepLocal]
   * @param {(status: SaverStatus) => void} [options.onStatus]
   * @param {() => void} [options.onElsewhere] another browser went on with this lease
   * @param {number} [options.delayMs]
   */
  constructor({ api, leaseId, revision, encode, activeMs, position = () => 0, keepLocal = () => {}, onStatus = () => {}, onElsewhere = () => {}, delayMs = DEBOUNCE_MS }) {
    this.#api = api;
    this.#leaseId = leaseId;
    this.#revision = revision;
    this.#encode = encode;
    this.#activeMs = activeMs;
    this.#position = position;
    this.#keepLocal = keepLocal;
    this.#onStatus = onStatus;
    this.#onElsewhere = onElsewhere;
    this.#delayMs = delayMs;
  }

  get status() {
    return this.#status;
  }

  get revision() {
    return this.#revision;
  }

  get isDirty() {
    return this.#change !== this.#savedChange;
  }

  /** Something was changed. */
  changed() {
    if (this.#isClosed) return;
    this.#change += 1;
    this.#localTimer ??= setTimeout(() => this.keepHere(), LOCAL_DEBOUNCE_MS);
    const { state } = this.#status;
    // Counted from the first change, so that someone who never pauses is saved too. While a save is planned, under way or
    // in trouble, the next one is already certain.
    if (state === "saved" || state === "refused") {
      this.#tell({ state: "not_saved" });
      this.#plan(this.#delayMs);
    } else {
      this.#tell({});
    }
  }

  /** Write the copy on this computer now. @param {any} [packed] the draft as it is, where someone has just asked for it */
  async keepHere(packed) {
    clearTimeout(this.#localTimer);
    this.#localTimer = undefined;
    const change = this.#change;
    // Asked for at once: while the draft is packed, more may be done.
    const position = this.#position();
    const draft = packed ?? (await this.#encode());
    if (this.#isClosed) return;
    await this.#keepLocal({ draft, position, revision: this.#revision, isDirty: change !== this.#savedChange, activeMs: this.#activeMs() });
  }

  /** Save at once, e.g. when the line is back or someone pressed "Try now". @returns {Promise<SaverStatus>} */
  async saveNow() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // One at a time: a save under way may have begun before the last change.
    while (this.#inFlight) await this.#inFlight;
    if (this.isDirty && !this.#isClosed && this.#status.state !== "stale") {
      this.#inFlight = this.#save().finally(() => {
        this.#inFlight = null;
      });
      await this.#inFlight;
    }
    return this.#status;
  }

  /**
   * Choose between two versions. "mine" is written over theirs (which the server keeps); with "theirs" the caller has
   * already shown that draft, and it counts as saved.
   * @param {"mine" | "theirs"} which
   */
  async resolve(which) {
    const { theirs } = this.#status;
    if (!theirs) return;
    this.#revision = theirs.revision;
    this.#unanswered = [];
    if (which === "theirs") this.#savedChange = this.#change;
    this.#tell({ state: which === "theirs" ? "saved" : "not_saved", theirs: null, since: null });
    await this.keepHere();
    await this.saveNow();
  }

  /** The lease was found to have run out, e.g. by its heartbeat. @param {ApiError} error */
  leaseOver(error) {
    if (!this.#isClosed) this.#tell({ state: "over", ...endOf(error), since: this.#status.since ?? Date.now() });
  }

  /** Someone else's newer version was seen before anything was sent, e.g. on loading. @param {{revision: number, saved_at: string, draft: any}} theirs */
  foundStale(theirs) {
    this.#change += 1;
    this.#tell({ state: "stale", theirs, since: Date.now() });
  }

  /**
   * No more saving: the work was submitted, skipped or put away.
   * @returns {Promise<unknown>} ends with a save that is still on its way, or soon: what follows is not to overtake it
   */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#localTimer);
    if (!this.#inFlight) return Promise.resolve();
    return Promise.race([this.#inFlight, new Promise((resolve) => setTimeout(resolve, LAST_SAVE_MS))]);
  }

  /** @param {number} ms */
  #plan(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.saveNow(), ms);
  }

  async #save() {
    const change = this.#change;
    const draft = await this.#encode();
    if (this.#isClosed) return;
    if (this.#failures === 0) this.#tell({ state: "saving" });
    try {
      const answer = await this.#api.put(`leases/${this.#leaseId}/draft`, { revision: this.#revision, active_ms: this.#activeMs(), draft });
      this.#accept(change, answer.revision);
      if (answer.is_elsewhere) this.#onElsewhere();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refuse(error, change, draft);
    }
  }

  /** @param {number} change @param {number} revision */
  #accept(change, revision) {
    this.#revision = revision;
    this.#savedChange = change;
    this.#failures = 0;
    this.#unanswered = [];
    if (this.#isClosed) return;
    this.#tell({ state: this.isDirty ? "not_saved" : "saved", retryAt: null, since: null, message: "" });
    if (this.isDirty) this.#plan(this.#delayMs);
    else this.keepHere();
  }

  /** @param {ApiError} error @param {number} change @param {any} draft */
  #refuse(error, change, draft) {
    const current = error.body?.current;
    if (error.kind === "stale" && current && [...this.#unanswered, draft].some((own) => isSame(current.draft, own))) {
      // Our own earlier write, whose answer was lost on the way.
      this.#accept(isSame(current.draft, draft) ? change : this.#savedChange, current.revision);
      return;
    }
    if (error.isPassing) {
      this.#unanswered = [...this.#unanswered, draft].slice(-UNANSWERED_AT_MOST);
      const pause = (error.retryAfterS ?? 0) * 1000 || PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)];
      // A little apart from the others who lost the same server.
      const jittered = pause * (0.85 + 0.3 * Math.random());
      this.#failures += 1;
      this.#tell({ state: "offline", retryAt: Date.now() + jittered, since: this.#status.since ?? Date.now() });
      if (!this.#isClosed) this.#plan(jittered);
      return;
    }
    if (error.kind === "lease_over" && typeof error.body?.revision === "number") {
      // The server kept it all the same.
      this.#revision = error.body.revision;
      this.#savedChange = change;
      this.keepHere();
    }
    /** @type {Partial<Record<import("./api.js").ErrorKind, SaveState>>} */
    const states = { login: "login", stale: "stale", lease_over: "over", missing: "over", taken: "over" };
    const state = states[error.kind] ?? "refused";
    this.#tell({
      state, retryAt: null, since: this.#status.since ?? Date.now(), theirs: current ?? null, ...endOf(error), message: error.message,
    });
  }

  /** @param {Partial<SaverStatus>} patch */
  #tell(patch) {
    // What is on the screen by now is other work.
    if (this.#isClosed) return;
    this.#status = { ...this.#status, ...patch, changes: this.#change - this.#savedChange };
    this.#onStatus(this.#status);
  }
}

/** How a lease ended. @param {ApiError} error @returns {{isFree: boolean, ended: string}} */
function endOf({ body }) {
  return { isFree: body?.is_free === true, ended: body?.state ?? "expired" };
}

/** Equal as JSON, whatever the order of keys (the database does not keep it). @param {any} a @param {any} b */
export function isSame(a, b) {
  return canonical(a) === canonical(b);
}

/** @param {any} value @returns {string} */
function canonical(value) {
  return JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
