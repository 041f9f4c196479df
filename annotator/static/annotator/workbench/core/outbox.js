/**
 * Submissions on their way. Each is kept on this computer until the server took it, and carries a UUID made here, so that a retry
 * is answered with the first result. Sent one after the other; what the server refuses comes back to its author.
 */

import { ApiError } from "./api.js";

/** @typedef {import("./draft-store.js").PendingSubmission} PendingSubmission */

const PAUSES_MS = [1000, 2000, 5000, 10_000, 20_000, 30_000];

export class Outbox {
  #api;
  #local;
  #onSent;
  #onReturned;
  #onTrouble;
  /** @type {PendingSubmission[]} */
  #queue = [];
  /** Being written to this computer's store, or behind a save; not yet in the queue. @type {Set<PendingSubmission>} */
  #arriving = new Set();
  /** @type {Promise<void> | null} */
  #sending = null;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} options
   * @param {Pick<import("./api.js").Api, "post" | "put">} options.api
   * @param {Pick<import("./draft-store.js").DraftStore, "putSubmission" | "submissions" | "forgetSubmission" | "forget" | "move" | "draftOf">} options.local
   * @param {(pending: PendingSubmission, answer: {submission: any, reopen_until: string | null}) => void} options.onSent
   * @param {(pending: PendingSubmission, error: ApiError) => void} options.onReturned the server will never take it as it is
   * @param {(error: ApiError, waiting: number) => void} options.onTrouble it is kept and tried again
   */
  constructor({ api, local, onSent, onReturned, onTrouble }) {
    this.#api = api;
    this.#local = local;
    this.#onSent = onSent;
    this.#onReturned = onReturned;
    this.#onTrouble = onTrouble;
  }

  get waiting() {
    return this.#arriving.size + this.#queue.length;
  }

  /** Leases whose submission is on its way. */
  get leaseIds() {
    return [...this.#arriving, ...this.#queue].map((pending) => pending.leaseId);
  }

  /** Take up what an earlier page left behind, to be sent by `flush`. @param {number} userId */
  async restore(userId) {
    const kept = (await this.#local.submissions()).filter((pending) => pending.userId === userId);
    const known = new Set(this.#queue.map((pending) => pending.clientUuid));
    this.#queue.push(...kept.filter((pending) => !known.has(pending.clientUuid)));
  }

  /** @param {PendingSubmission} pending @param {Promise<unknown>} [after] what it must not overtake on its way to the server */
  async add(pending, after) {
    // Counts as waiting from this moment on, or the server would hand the same person out again as the next.
    this.#arriving.add(pending);
    try {
      // A save that failed holds nothing up: the answer holds all that it would have saved.
      await Promise.all([this.#local.putSubmission(pending), after?.catch(() => {})]);
    } finally {
      this.#arriving.delete(pending);
    }
    this.#queue.push(pending);
    await this.flush();
  }

  /** Send what waits, now. @returns {Promise<void>} when all was sent, or sending failed for now */
  flush() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll() {
    while (this.#queue.length > 0) {
      const pending = this.#queue[0];
      try {
        const answer = await this.#post(pending);
        this.#failures = 0;
        this.#queue.shift();
        await this.#local.forgetSubmission(pending.clientUuid);
        await this.#local.forget(pending.leaseId);
        this.#onSent(pending, answer);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!(await this.#failed(pending, error))) return;
      }
    }
  }

  /** @param {PendingSubmission} pending */
  #post(pending) {
    const { clientUuid, leaseId, activeMs, answer } = pending;
    return this.#api.post(`leases/${leaseId}/submit`, { client_uuid: clientUuid, active_ms: activeMs, answer });
  }

  /** @param {PendingSubmission} pending @param {ApiError} error @returns {Promise<boolean>} whether to go on with the others */
  async #failed(pending, error) {
    let reason = error;
    if (error.isPassing || error.kind === "login") {
      const pause = (error.retryAfterS ?? 0) * 1000 || PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)];
      this.#failures += 1;
      // One that the server stumbles over must not hold up the others.
      if (error.kind === "server") this.#queue.push(/** @type {PendingSubmission} */ (this.#queue.shift()));
      if (error.kind !== "login") this.#timer = setTimeout(() => this.flush(), pause * (0.85 + 0.3 * Math.random()));
      this.#onTrouble(error, this.#queue.length);
      return false;
    }
    if (error.kind === "lease_over") {
      const trouble = await this.#takeAgain(pending);
      if (!trouble) return true;
      if (trouble.isPassing || trouble.kind === "login") return this.#failed(pending, trouble);
      await this.#leaveDraft(pending);
      // Whoever was paused meanwhile reads why.
      if (trouble.kind === "refused") reason = trouble;
    }
    this.#queue.shift();
    // The draft stays here: the author goes on from it.
    await this.#local.forgetSubmission(pending.clientUuid);
    this.#onReturned(pending, reason);
    return true;
  }

  /**
   * The time ran out before it was sent: if the place is free, take it and send on.
   * @param {PendingSubmission} pending
   * @returns {Promise<ApiError | null>} why it could not be taken
   */
  async #takeAgain(pending) {
    try {
      const { lease } = await this.#api.post(`leases/${pending.leaseId}/take-again`);
      await this.#local.move(pending.leaseId, lease.id, lease.revision);
      pending.leaseId = lease.id;
      await this.#local.putSubmission(pending);
      return null;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  /** The place is another's: the server keeps the work as its author's draft, should the person be free again. @param {PendingSubmission} pending */
  async #leaveDraft({ leaseId, answer, activeMs }) {
    const kept = await this.#local.draftOf(leaseId);
    try {
      if (kept) await this.#api.put(`leases/${leaseId}/draft`, { revision: kept.revision, active_ms: activeMs, draft: answer });
    } catch (error) {
      // Over it is in any case; the answer says so, and takes the draft all the same.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

/** A random UUID; `crypto.randomUUID` itself is missing on plain http. */
export function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
