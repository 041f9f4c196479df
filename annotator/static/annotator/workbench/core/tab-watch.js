/**
 * Two windows on one lease: the later one is told before it writes anything. Windows of one browser talk by BroadcastChannel, at once,
 * and one that crashed says nothing; of other browsers the server tells, with the bundle and with each heartbeat.
 */

import { newUuid } from "./outbox.js";

export class TabWatch {
  #channel = globalThis.BroadcastChannel ? new BroadcastChannel("densepose-workbench") : null;
  #me = newUuid();
  /** @type {string | null} */
  #leaseId = null;

  /**
   * @param {object} events
   * @param {() => void} events.onElsewhere an earlier window has this lease open
   * @param {() => void} events.onTakenOver another window goes on with it
   */
  constructor({ onElsewhere, onTakenOver }) {
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
