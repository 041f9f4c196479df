/** Handing in: after the checks, without a wait; what was handed in can be taken back while its author may. */

import { ApiError } from "../core/api.js";
import { t } from "../core/strings.js";
import { wordsOf } from "./error-words.js";

const ASK_AGAIN_MS = 300;
// A key that is held down or struck twice does not answer a question that nobody can have read.
const READ_MS = 800;

/** @typedef {{submission: any, reopen_until: string | null}} Taken the server's answer to a submission */

export class HandingIn {
  /** People handed in today. */
  doneToday = 0;
  #hand;
  #stage;
  #session;
  #messages;
  #notices;
  #topbar;
  #leaveWork;
  #back;
  #isUnderWay = false;
  /** What was asked before submitting, as words. */
  #asked = "";
  /** Since when it stands there unchanged, and of the work as it is. */
  #askedAt = Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #askTimer;
  /** @type {{id: number | string, until: number} | null} the last submission, while its author may take it back */
  #last = null;

  /**
   * @param {object} options
   * @param {import("./work-in-hand.js").WorkInHand} options.hand
   * @param {import("./stage.js").Stage} options.stage
   * @param {import("../core/session.js").Session} options.session
   * @param {import("./messages.js").Messages} options.messages
   * @param {import("./notices.js").Notices} options.notices
   * @param {import("./topbar.js").Topbar} options.topbar
   * @param {() => void} options.leaveWork put the work in hand away
   * @param {string} [options.back] where to go when it is handed in; without it, to the next work
   */
  constructor({ hand, stage, session, messages, notices, topbar, leaveWork, back }) {
    this.#hand = hand;
    this.#stage = stage;
    this.#session = session;
    this.#messages = messages;
    this.#notices = notices;
    this.#topbar = topbar;
    this.#leaveWork = leaveWork;
    this.#back = back;
  }

  /** By the key or the button of the workbench: again, after the questions were read, it means "anyway". */
  submitOrInsist() {
    return this.submit(this.#notices.isAsking && performance.now() - this.#askedAt > READ_MS);
  }

  /** Submit, after the checks: what is missing stops it, what is doubtful is asked. @param {boolean} [isSure] */
  async submit(isSure = false) {
    if (!this.#hand.work || this.#isUnderWay) return;
    const { state, ended } = this.#hand.saver?.status ?? { state: "saved", ended: "" };
    if (state === "stale") return this.#notices.cannotSubmit(t("First choose what to do about this person’s other version."));
    if (state === "over") return this.#notices.cannotSubmit(ended === "expired" ? t("Time ran out; your work is kept") : t("You went on with this person in another window"));
    this.#isUnderWay = true;
    try {
      if (isSure || (await this.#isClear())) await this.#send();
    } finally {
      this.#isUnderWay = false;
      this.#topbar.setWorking(this.#hand.work !== null);
    }
  }

  /** @returns {Promise<boolean>} whether nothing is missing and nothing to be asked */
  async #isClear() {
    const { work } = this.#hand;
    const { missing, asks } = await this.#stage.checks();
    if (work !== this.#hand.work) return false;
    if (missing !== null) this.#notices.cannotSubmit(missing);
    else if (asks.length > 0) this.#ask(asks);
    return missing === null && asks.length === 0;
  }

  /** @param {import("./stage.js").Check[]} asks */
  #ask(asks) {
    this.#asked = wordsIn(asks);
    this.#askedAt = performance.now();
    this.#notices.ask(asks, () => this.submit(true));
  }

  /** The work was edited: what was asked about may be mended by it. */
  edited() {
    this.#notices.missesNothing();
    if (!this.#notices.isAsking) return;
    this.#askedAt = Infinity;
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => this.#askAgain(), ASK_AGAIN_MS);
  }

  async #askAgain() {
    const { work } = this.#hand;
    if (!work || this.#isUnderWay) return;
    const { missing, asks } = await this.#stage.checks();
    if (work !== this.#hand.work || this.#isUnderWay || !this.#notices.isAsking) return;
    if (missing !== null || asks.length === 0) this.#notices.askNoMore();
    else if (wordsIn(asks) !== this.#asked) this.#ask(asks);
    else this.#askedAt = performance.now();
  }

  async #send() {
    this.#topbar.setWorking(false);
    const answer = await this.#stage.answer();
    // The answer is the draft as it stands; it is kept and saved behind the next person's back.
    const { saver } = this.#hand;
    const saved = Promise.all([saver?.keepHere(answer), saver?.close()]);
    this.#leaveWork();
    this.#topbar.setReady(false);
    this.doneToday += 1;
    await this.#session.submit(answer, saved);
  }

  /** The server has it. @param {Taken} answer */
  taken({ submission, reopen_until }) {
    if (this.#back) return location.assign(this.#back);
    const until = reopen_until ? Date.parse(reopen_until) : 0;
    const id = typeof submission === "object" ? submission?.id : submission;
    this.#last = id && until > Date.now() ? { id, until } : null;
    if (this.#last) this.#notices.submitted(() => this.takeBack());
  }

  /** Open the last person again. */
  async takeBack() {
    const last = this.#last;
    this.#messages.hide("submitted");
    if (!last || last.until < Date.now()) return;
    try {
      await this.#hand.saver?.saveNow();
      await this.#session.reopen(last.id);
      this.#last = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#messages.show("submitted", { tone: "warn", icon: "warn", title: t("It cannot be taken back now"), text: wordsOf(error), canClose: true, forMs: 6000 });
    }
  }
}

/** @param {import("./stage.js").Check[]} asks */
function wordsIn(asks) {
  return asks.map(({ title }) => title).join("\n");
}
