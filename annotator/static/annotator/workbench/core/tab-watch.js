/**
 * Two windows on one lease: the later one is told before it writes anything. Windows of one browser talk by BroadcastChannel, at once;
 * of those on other devices the server tells, with the bundle and with each heartbeat.
 */

export class TabWatch {
  #channel = globalThis.BroadcastChannel ? new BroadcastChannel("densepose-workbench") : null;
  #me;
  /** @type {string | null} */
  #leaseId = null;

  /**
   * @param {string} me
   * @param {object} events
   * @param {() => void} events.onElsewhere an earlier window has this lease open
   * @param {() => void} events.onTakenOver another window goes on with it
   */
  constructor(me, { onElsewhere, onTakenOver }) {
    this.#me = me;
    this.#channel?.addEventListener("message", ({ data }) => {
      if (data.from === this.#me || data.leaseId !== this.#leaseId || this.#leaseId === null) return;
      if (data.kind === "opened") this.#tell("open here too", data.from);
      if (data.kind === "open here too" && data.to === this.#me) onElsewhere();
      if (data.kind === "taken over") onTakenOver();
    });
  }

  /** @param {string | null} leaseId */
  opened(leaseId) {
    this.#leaseId = leaseId;
    if (leaseId) this.#tell("opened");
  }

  takeOver() {
    this.#tell("taken over");
  }

  /** @param {string} kind @param {string} [to] */
  #tell(kind, to) {
    this.#channel?.postMessage({ kind, to, from: this.#me, leaseId: this.#leaseId });
  }
}
