/**
 * The work in hand: one lease with its saver and its place in the history. It lives on when the lease does not: a lease that
 * ran out is taken again where the place is free, and what is on the screen goes on under the new one.
 */

import { ApiError } from "../core/api.js";
import { Saver, isSame } from "../core/saver.js";

/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../core/saver.js").SaverStatus} SaverStatus */

/**
 * @typedef {object} HandEvents
 * @property {(status: SaverStatus) => void} onStatus
 * @property {() => void} onElsewhere another window went on with it
 * @property {(isLate: boolean) => void} onRetaken the place is held again; isLate: it was lost as the time ran out
 * @property {(error: ApiError) => void} onNotRetaken
 * @property {(work: Work) => void} onChanged its crop or its points are others now: it must be shown anew
 */

export class WorkInHand {
  #api;
  #local;
  #clock;
  #stage;
  #session;
  #events;
  /** @type {Saver | null} */
  #saver = null;
  /** @type {Work | null} */
  #work = null;
  #position = 0;
  #isRetaking = false;

  /**
   * @param {object} options
   * @param {import("../core/api.js").Api} options.api
   * @param {import("../core/draft-store.js").DraftStore} options.local
   * @param {import("../core/active-clock.js").ActiveClock} options.clock
   * @param {() => import("./shell.js").Stage} options.stage
   * @param {() => import("../core/session.js").Session} options.session
   * @param {HandEvents} options.events
   */
  constructor({ api, local, clock, stage, session, events }) {
    this.#api = api;
    this.#local = local;
    this.#clock = clock;
    this.#stage = stage;
    this.#session = session;
    this.#events = events;
  }

  get work() {
    return this.#work;
  }

  get saver() {
    return this.#saver;
  }

  /** Take up work, before the stage shows it. @param {Work} work */
  take(work) {
    this.put();
    this.#work = work;
    this.#position = work.position;
    const { id, revision } = work.bundle.lease;
    this.#saver = this.#newSaver(id, revision);
    if (work.entries.length === 0) this.#local.forgetEntries(id);
    // What the entries to come rest on.
    if (!work.isAhead) this.#keep(id, { draft: work.draft, position: work.position, revision, isDirty: false, activeMs: this.#clock.activeMs });
  }

  /** The stage shows it now: what this computer is ahead is saved, or shown beside the other version. */
  shown() {
    const work = /** @type {Work} */ (this.#work);
    if (work.isForked) this.#saver?.foundStale({ revision: work.bundle.lease.revision, saved_at: "", draft: work.bundle.draft });
    else if (work.isAhead) this.#saver?.changed();
  }

  /** Another version is gone on with: what was done to this one cannot be undone there. */
  async forgetHistory() {
    this.#position = 0;
    if (this.#work) await this.#local.forgetEntries(this.#work.bundle.lease.id);
  }

  /** Put it away. */
  put() {
    this.#saver?.close();
    this.#saver = null;
    this.#work = null;
  }

  /** Keeps the history's entries under the lease of the moment. @returns {import("../core/history.js").HistoryKeeper<any>} */
  historyKeeper() {
    const leaseId = () => this.#work?.bundle.lease.id ?? "";
    return {
      put: (index, delta) => {
        this.#position = index + 1;
        this.#local.putEntry(leaseId(), index, delta);
      },
      move: (position) => {
        if (position === this.#position) return;
        this.#position = position;
        this.#local.putPosition(leaseId(), position);
      },
    };
  }

  /** Hold the place again whose time ran out. */
  async takeAgain() {
    if (!this.#work || this.#isRetaking) return;
    const old = this.#work;
    this.#isRetaking = true;
    try {
      await this.#saver?.keepHere();
      const bundle = await this.#session().takeAgain();
      if (this.#work === old) await this.#goOn(old, bundle);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#events.onNotRetaken(error);
    } finally {
      this.#isRetaking = false;
    }
  }

  /** @param {Work} old @param {Bundle} bundle */
  async #goOn(old, bundle) {
    const shape = (/** @type {Bundle} */ { crop, points }) => [crop, points?.key];
    if (!isSame(shape(bundle), shape(old.bundle))) return this.#events.onChanged(old);
    const { id, revision } = bundle.lease;
    this.#work = { ...old, bundle: { ...old.bundle, lease: bundle.lease } };
    const isLate = this.#saver?.status.ended === "expired";
    this.#saver?.close();
    this.#saver = this.#newSaver(id, revision);
    this.#saver.changed();
    this.#events.onRetaken(isLate);
    await this.#saver.saveNow();
  }

  /** @param {SaverStatus} status */
  #onStatus(status) {
    // Whoever looks at the screen goes on without being asked; a page behind others asks when it is looked at.
    if (status.state === "over" && status.isFree && !document.hidden) {
      this.takeAgain();
      return;
    }
    this.#events.onStatus(status);
  }

  /** @param {string} id @param {number} revision */
  #newSaver(id, revision) {
    return new Saver({
      api: this.#api, leaseId: id, revision, encode: () => this.#stage().draft(), activeMs: () => this.#clock.activeMs,
      position: () => this.#position, keepLocal: (record) => this.#keep(id, record),
      onStatus: (status) => this.#onStatus(status), onElsewhere: () => this.#events.onElsewhere(),
    });
  }

  /** @param {string} leaseId @param {Omit<import("../core/draft-store.js").LocalDraft, "leaseId" | "savedAt">} record */
  #keep(leaseId, record) {
    return this.#local.putDraft({ ...record, leaseId, savedAt: Date.now() });
  }
}
