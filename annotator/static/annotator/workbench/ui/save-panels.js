/** The panels for work that is kept here and not yet on the server: offline, logged out, time over, changed elsewhere. */

import { t } from "../core/strings.js";
import { wordsOf } from "./error-words.js";
import { loginForm } from "./login-form.js";

/** @typedef {import("../core/saver.js").SaverStatus} SaverStatus */

const NAME = "save";

/**
 * @typedef {object} SaveActions
 * @property {() => unknown} tryNow
 * @property {() => unknown} loggedIn
 * @property {() => unknown} takeAgain
 * @property {() => unknown} goOn leave this work, take the next
 * @property {(which: "mine" | "theirs") => unknown} choose
 * @property {(which: "mine" | "theirs") => unknown} peek show a version without choosing it
 */

export class SavePanels {
  #messages;
  #actions;
  #login;
  /** @type {string} */
  #shown = "saved";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;
  /** @type {SaverStatus | null} */
  #status = null;
  #peeked = /** @type {"mine" | "theirs"} */ ("mine");

  /**
   * @param {import("./messages.js").Messages} messages
   * @param {SaveActions} actions
   * @param {{api: import("../core/api.js").Api, signInUrl: string, user: {id?: number, username: string}}} login
   */
  constructor(messages, actions, login) {
    this.#messages = messages;
    this.#actions = actions;
    this.#login = login;
  }

  /** @param {SaverStatus} status */
  update(status) {
    this.#status = status;
    if (status.state === this.#shown) return;
    // A short stumble needs no panel: the dot says it.
    if (status.state === "saving" || status.state === "not_saved") {
      if (this.#shown === "saved" || this.#shown === "offline") return;
    }
    this.#shown = status.state;
    clearInterval(this.#countdown);
    if (status.state === "offline") this.#offline(status);
    else if (status.state === "login") this.#loginPanel(status);
    else if (status.state === "stale") this.#stale(status);
    else if (status.state === "over") this.#over(status);
    else if (status.state === "refused") this.#refused(status);
    else this.#messages.hide(NAME);
  }

  /** Show the login panel though no draft is in trouble: a submission waits for it. */
  askLogin() {
    this.#loginPanel(this.#status);
  }

  reset() {
    clearInterval(this.#countdown);
    this.#shown = "saved";
    this.#messages.hide(NAME);
  }

  /** @param {SaverStatus} status */
  #offline(status) {
    this.#messages.show(NAME, {
      tone: "warn", icon: "offline",
      title: t("No connection since {time}", { time: timeOf(status.since) }),
      text: t("Keep working. All of it is kept on this computer and sends itself when the line is back."),
      actions: [{ label: t("Try now"), run: this.#actions.tryNow }],
      aside: "",
    });
    const tick = () => {
      const seconds = Math.max(0, Math.round(((this.#status?.retryAt ?? Date.now()) - Date.now()) / 1000));
      this.#messages.setAside(NAME, seconds > 0 ? t("next try in {n} s", { n: seconds }) : t("trying…"));
    };
    tick();
    this.#countdown = setInterval(tick, 1000);
  }

  /** @param {SaverStatus | null} status */
  #loginPanel(status) {
    const form = loginForm({
      ...this.#login,
      onDone: () => {
        this.reset();
        this.#actions.loggedIn();
      },
      onLater: () => this.#messages.hide(NAME),
    });
    const changes = status?.changes ?? 0;
    const kept = changes === 1 ? t("Your last change is on this computer and is sent as soon as you are back.") : changes > 0 ? t("Your last {n} changes are on this computer and are sent as soon as you are back.", { n: changes }) : t("Your work is on this computer.");
    const panel = this.#messages.show(NAME, { tone: "warn", icon: "lock", title: t("Please log in again"), text: kept, body: form });
    /** @type {HTMLInputElement | null} */ (panel.querySelector("input[type=password]"))?.focus();
  }

  /** @param {SaverStatus} status */
  #stale(status) {
    const isMine = this.#peeked === "mine";
    this.#messages.show(NAME, {
      tone: "warn", icon: "windows", title: t("Changed in another window"),
      text: t("This person was also changed elsewhere at {time}. Look at both, then choose one; nothing is overwritten before.", { time: timeOf(Date.parse(status.theirs?.saved_at ?? "")) }),
      actions: [
        { label: isMine ? t("Show the other") : t("Show mine"), run: () => this.#peek(isMine ? "theirs" : "mine", status) },
        { label: isMine ? t("Keep mine") : t("Take the other"), isPrimary: true, run: () => this.#choose(this.#peeked) },
      ],
      aside: isMine ? t("you see yours") : t("you see the other"),
    });
  }

  /** @param {"mine" | "theirs"} which @param {SaverStatus} status */
  #peek(which, status) {
    this.#peeked = which;
    this.#actions.peek(which);
    this.#stale(status);
  }

  /** @param {"mine" | "theirs"} which */
  #choose(which) {
    this.#peeked = "mine";
    this.reset();
    this.#actions.choose(which);
  }

  /** @param {SaverStatus} status */
  #over(status) {
    if (["submitted", "skipped", "retaken"].includes(status.ended)) return this.#doneElsewhere();
    this.#messages.show(NAME, {
      tone: "warn", icon: "clock", title: t("Time ran out; your work is kept"),
      text: status.isFree ? t("Nobody else has this person yet.") : t("Someone else may have this person now. Your draft stays yours."),
      actions: [
        { label: t("Take it again"), isPrimary: true, run: this.#actions.takeAgain },
        { label: t("Go on with the next"), run: this.#actions.goOn },
      ],
    });
  }

  /** It went on, and ended, in another window of the same person. */
  #doneElsewhere() {
    this.#messages.show(NAME, {
      tone: "warn", icon: "windows", title: t("You went on with this person in another window"), text: t("It is handed in, skipped or open there. Nothing is lost."),
      actions: [{ label: t("Go on with the next"), isPrimary: true, run: this.#actions.goOn }],
    });
  }

  /** It could not be taken again. @param {import("../core/api.js").ApiError} error */
  taken(error) {
    const rests = { paused: t("Paused"), qualification: t("First a tutorial and an exam") }[error.code];
    this.#messages.show(NAME, {
      tone: "warn", icon: error.code === "paused" ? "pause" : "clock",
      title: rests ?? (error.kind === "taken" ? t("Someone else has this person now") : t("That did not work")),
      text: `${error.kind === "taken" ? "" : `${wordsOf(error)} `}${t("Your draft stays yours.")}`,
      actions: [{ label: t("Go on with the next"), isPrimary: true, run: this.#actions.goOn }],
    });
  }

  /** @param {SaverStatus} status */
  #refused(status) {
    this.#messages.show(NAME, {
      tone: "bad", icon: "warn", title: t("The server did not take this"),
      text: `${status.message} ${t("Your work is on this computer.")}`,
      actions: [{ label: t("Try now"), run: this.#actions.tryNow }],
    });
  }
}

/** @param {number | null} ms since 1970 */
function timeOf(ms) {
  const date = ms === null || Number.isNaN(ms) ? new Date() : new Date(ms);
  return date.toLocaleTimeString(document.documentElement.lang || undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}
