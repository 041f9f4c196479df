/**
 * Getting work and handing it in. Holds the current lease and, ready with its picture, the next one; submits without
 * making anyone wait; keeps both leases alive while someone works.
 */

import { ApiError } from "./api.js";
import { Outbox, newUuid } from "./outbox.js";
import { assembleWork, loadBitmap } from "./work.js";

/** @typedef {import("./work.js").Work} Work */
/** @typedef {import("./work.js").Bundle} Bundle */
/** @typedef {{reason: string, message: string, url?: string}} Empty `url`: where to go instead */

/**
 * @typedef {object} SessionEvents
 * @property {(work: Work) => void} onWork show this
 * @property {() => void} onLoading nothing is ready yet
 * @property {(empty: Empty) => void} onEmpty
 * @property {(error: ApiError) => void} onTrouble work could not be had; `retry()` tries again
 * @property {(answer: {submission: any, reopen_until: string | null}) => void} onSubmitted
 * @property {(error: ApiError, waiting: number) => void} onSubmitWaits kept here, tried again
 * @property {(error: ApiError, leaseId: string) => void} onReturned a submission was refused; its work is kept
 * @property {(error: ApiError) => void} onLeaseOver
 * @property {() => void} onElsewhere another browser went on with the current work
 */

// Without a sign of life for so long the lease may run out: the place is another's.
const FORGOTTEN_AFTER_MS = 10 * 60_000;
// While the server cannot be reached and nothing is on the screen, work is asked for again after these pauses.
const PAUSES_MS = [2000, 5000, 10_000, 30_000];

export class Session {
  #api;
  #projectId;
  #stage;
  #userId;
  #local;
  #clock;
  #events;
  #prepare;
  #loadImage;
  #outbox;
  /** @type {Work | null} */
  #current = null;
  /** @type {Promise<Work | Empty> | null} */
  #preloaded = null;
  /** @type {string | null} */
  #preloadedLease = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #heart;
  /** What to do again after trouble. @type {() => Promise<void>} */
  #again = () => this.next();
  #isSingle;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} options
   * @param {import("./api.js").Api} options.api
   * @param {number} options.projectId
   * @param {"parts" | "correspondence"} options.stage
   * @param {number} options.userId
   * @param {import("./draft-store.js").DraftStore} options.local
   * @param {import("./active-clock.js").ActiveClock} options.clock
   * @param {SessionEvents} options.events
   * @param {(bundle: Bundle) => Promise<any>} [options.prepare] what the stage needs besides the picture
   * @param {(url: string) => Promise<ImageBitmap>} [options.loadImage]
   * @param {boolean} [options.isSingle] this one piece of work, and no other after it
   */
  constructor({ api, projectId, stage, userId, local, clock, events, prepare = async () => null, loadImage = loadBitmap, isSingle = false }) {
    this.#api = api;
    this.#projectId = projectId;
    this.#stage = stage;
    this.#userId = userId;
    this.#local = local;
    this.#clock = clock;
    this.#events = events;
    this.#prepare = prepare;
    this.#loadImage = loadImage;
    this.#isSingle = isSingle;
    this.#outbox = new Outbox({
      api, local,
      onSent: (_pending, answer) => {
        events.onSubmitted(answer);
        this.#preload();
      },
      onReturned: (pending, error) => events.onReturned(error, pending.leaseId),
      onTrouble: (error, waiting) => events.onSubmitWaits(error, waiting),
    });
  }

  get current() {
    return this.#current;
  }

  /** Submissions not yet taken by the server. */
  get waiting() {
    return this.#outbox.waiting;
  }

  /** Begin: the work that this tab had, or a given lease, or the next. @param {string | null} [leaseId] */
  async start(leaseId = this.#rememberedLease()) {
    // Known before the next is asked for, or the server would hand out again whom these answers are about.
    await this.#outbox.restore(this.#userId);
    void this.#outbox.flush();
    if (leaseId) await this.resume(leaseId);
    else await this.next();
  }

  /** Go on with a lease; where it was submitted, skipped or ran out since, with the next. @param {string} leaseId */
  async resume(leaseId) {
    await this.#try(() => this.resume(leaseId), async () => {
      this.#events.onLoading();
      try {
        await this.#show(await this.#assemble(await this.#bundleOf(leaseId)));
      } catch (error) {
        if (!(error instanceof ApiError) || !["lease_over", "missing", "refused", "taken"].includes(error.kind)) throw error;
        await this.#showNext();
      }
    });
  }

  /** The server's, or while it is away what this computer keeps. @param {string} leaseId @returns {Promise<Bundle>} */
  async #bundleOf(leaseId) {
    try {
      return await this.#api.get(`leases/${leaseId}`);
    } catch (error) {
      const kept = error instanceof ApiError && error.isPassing ? await this.#local.bundleOf(leaseId) : null;
      if (!kept) throw error;
      return kept;
    }
  }

  /** Open one lease, e.g. work that came back. @param {string} leaseId */
  async open(leaseId) {
    await this.#try(() => this.open(leaseId), async () => this.#show(await this.#assemble(await this.#api.get(`leases/${leaseId}`))));
  }

  /** Show the next work. */
  async next() {
    await this.#try(() => this.next(), () => this.#showNext());
  }

  /** After trouble: do again what failed. */
  async retry() {
    this.#outbox.flush();
    await this.#again();
  }

  /** Send waiting submissions now. */
  flush() {
    return this.#outbox.flush();
  }

  /**
   * Hand in the current work and show the next at once, if it is ready.
   * @param {any} answer
   * @param {Promise<unknown>} [saved] what is still being saved: the answer follows it, the next work does not wait
   */
  async submit(answer, saved) {
    const work = this.#current;
    if (!work) return;
    const sent = this.#outbox.add({
      clientUuid: newUuid(), leaseId: work.bundle.lease.id, stage: this.#stage, projectId: this.#projectId,
      userId: this.#userId, answer, activeMs: this.#clock.activeMs, savedAt: Date.now(),
    }, saved);
    this.#leave();
    if (!this.#preloaded) await sent;
    if (!this.#isSingle) await this.next();
  }

  /** @param {string} reason @param {string} note @throws {ApiError} */
  async skip(reason, note) {
    if (!this.#current) return;
    const { id } = this.#current.bundle.lease;
    await this.#api.post(`leases/${id}/skip`, { reason, note });
    await this.#local.forget(id);
    this.#leave();
    await this.next();
  }

  /** Take the place of a lease that ran out again. @returns {Promise<Bundle>} @throws {ApiError} kind taken: another has it */
  async takeAgain() {
    const { id } = /** @type {Work} */ (this.#current).bundle.lease;
    const bundle = await this.#api.post(`leases/${id}/take-again`);
    await this.#local.move(id, bundle.lease.id, bundle.lease.revision);
    if (this.#current?.bundle.lease.id === id) {
      this.#current = { ...this.#current, bundle: { ...this.#current.bundle, lease: bundle.lease } };
      this.#remember(bundle.lease.id);
      this.#local.putBundle(bundle);
    }
    return bundle;
  }

  /** This window goes on with the current work; others are told. */
  takeOver() {
    return this.#beat(true);
  }

  /** After a closed lid: whether the place is still held is known now, not in a minute. */
  wake() {
    return this.#beat();
  }

  /** Open an earlier submission again. @param {number | string} submissionId @throws {ApiError} */
  async reopen(submissionId) {
    const bundle = await this.#api.post(`submissions/${submissionId}/reopen`);
    await this.#show(await this.#assemble(bundle));
  }

  /** The page goes away: give back the lease that was only held in advance. */
  leavePage() {
    if (this.#current) this.#api.farewell(`leases/${this.#current.bundle.lease.id}/leave`);
    if (this.#preloadedLease) this.#api.farewell(`leases/${this.#preloadedLease}/release`);
  }

  async #showNext() {
    if (!this.#preloaded) this.#events.onLoading();
    const result = await (this.#takePreloaded() ?? this.#ask());
    if ("reason" in result) {
      this.#current = null;
      this.#remember(null);
      this.#events.onEmpty(result);
    } else {
      await this.#show(result);
    }
  }

  #takePreloaded() {
    const preloaded = this.#preloaded;
    this.#preloaded = null;
    this.#preloadedLease = null;
    return preloaded;
  }

  /** @param {Work} work */
  async #show(work) {
    this.#current = work;
    this.#remember(work.bundle.lease.id);
    this.#local.putBundle(work.bundle);
    this.#clock.start(work.bundle.lease.active_ms);
    this.#events.onWork(work);
    clearInterval(this.#heart);
    this.#heart = setInterval(() => this.#beat(), Math.max(10, work.bundle.lease.heartbeat_s) * 1000);
    if (this.#outbox.waiting === 0) this.#preload();
  }

  #preload() {
    if (this.#preloaded || !this.#current || this.#isSingle) return;
    const asked = this.#ask();
    this.#preloaded = asked;
    asked.then(
      (result) => {
        // "Nothing more" may change while the person works; it is asked again when needed.
        if ("reason" in result && this.#preloaded === asked) this.#preloaded = null;
      },
      () => {
        if (this.#preloaded === asked) this.#takePreloaded();
      },
    );
  }

  /** @returns {Promise<Work | Empty>} */
  async #ask() {
    const holding = [this.#current?.bundle.lease.id, this.#preloadedLease, ...this.#outbox.leaseIds].filter(Boolean);
    const answer = await this.#api.post(`projects/${this.#projectId}/next`, { stage: this.#stage, holding });
    if (answer.lease === null) return answer.empty;
    if (this.#current) this.#preloadedLease = answer.lease.id;
    return this.#assemble(answer);
  }

  /** @param {Bundle} bundle */
  #assemble(bundle) {
    return assembleWork(bundle, this.#local, this.#loadImage, this.#prepare);
  }

  /** @param {boolean} [takesOver] from another window */
  async #beat(takesOver = false) {
    if (!this.#current || this.#clock.idleMs > FORGOTTEN_AFTER_MS) return;
    const { id } = this.#current.bundle.lease;
    try {
      const answer = await this.#api.post(`leases/${id}/heartbeat`, { active_ms: this.#clock.activeMs, takes_over: takesOver });
      if (answer.is_elsewhere && this.#current?.bundle.lease.id === id) this.#events.onElsewhere();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === "lease_over" && this.#current?.bundle.lease.id === id) this.#events.onLeaseOver(error);
    }
    await this.#beatPreloaded();
  }

  /** The next work is held too. Where it is not any more, e.g. as another window gave it back, it is asked for anew. */
  async #beatPreloaded() {
    const id = this.#preloadedLease;
    if (!id) return;
    try {
      await this.#api.post(`leases/${id}/heartbeat`, { active_ms: 0 });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind !== "lease_over" || this.#preloadedLease !== id) return;
      this.#takePreloaded();
      this.#preload();
    }
  }

  #leave() {
    clearInterval(this.#heart);
    this.#current = null;
    this.#remember(null);
  }

  /** @param {() => Promise<void>} again @param {() => Promise<void>} work */
  async #try(again, work) {
    this.#again = again;
    clearTimeout(this.#timer);
    try {
      await work();
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isPassing) {
        const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)];
        this.#failures += 1;
        this.#timer = setTimeout(() => this.retry(), pause);
      }
      this.#events.onTrouble(error);
    }
  }

  get #memoryKey() {
    return `workbench:${this.#projectId}:${this.#stage}:${this.#userId}`;
  }

  /** This tab's lease, so that a reload comes back to it and not to the one held in advance. */
  #rememberedLease() {
    return globalThis.sessionStorage?.getItem(this.#memoryKey) ?? null;
  }

  /** @param {string | null} leaseId */
  #remember(leaseId) {
    if (leaseId) globalThis.sessionStorage?.setItem(this.#memoryKey, leaseId);
    else globalThis.sessionStorage?.removeItem(this.#memoryKey);
  }
}
