/** What is done when what was away is back: the line, the login, the lease that ran out, whoever closed the lid. */

export class Line {
  #hand;
  #session;
  #stage;
  #leaveWork;

  /**
   * @param {object} options
   * @param {import("./work-in-hand.js").WorkInHand} options.hand
   * @param {import("../core/session.js").Session} options.session
   * @param {import("./stage.js").Stage} options.stage
   * @param {() => void} options.leaveWork put the work in hand away
   */
  constructor({ hand, session, stage, leaveWork }) {
    this.#hand = hand;
    this.#session = session;
    this.#stage = stage;
    this.#leaveWork = leaveWork;
  }

  /** What the panels about saving offer. @returns {import("./save-panels.js").SaveActions} */
  actions() {
    return {
      tryNow: () => this.online(),
      loggedIn: () => this.online(),
      takeAgain: () => this.#hand.takeAgain(),
      goOn: () => this.#goOn(),
      peek: (which) => this.#stage.peek(which === "theirs" ? this.#hand.saver?.status.theirs?.draft : null),
      choose: (which) => this.#choose(which),
    };
  }

  /** The line or the login is back. */
  async online() {
    this.#session.flush();
    if (this.#hand.work) await this.#hand.saver?.saveNow();
    else await this.#session.retry();
  }

  /** The page is looked at again, perhaps after hours: what waits is sent now. */
  wake() {
    if (!this.#hand.work) return;
    const { state } = this.#hand.saver?.status ?? { state: "saved" };
    if (state === "over") this.#hand.takeAgain();
    else if (state !== "stale") this.online();
    this.#session.wake();
  }

  /** Leave this work as it is; the next. */
  #goOn() {
    this.#leaveWork();
    this.#session.next();
  }

  /** One of two versions of the same work is gone on with. @param {"mine" | "theirs"} which */
  async #choose(which) {
    const { saver } = this.#hand;
    await this.#stage.peek(null);
    if (which === "theirs") {
      await this.#stage.replace(saver?.status.theirs?.draft);
      await this.#hand.forgetHistory();
    }
    await saver?.resolve(which);
  }
}
