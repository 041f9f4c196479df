/** What the shell says of the work itself: there is none, it could not be had, it came back, it is open elsewhere, it was handed in. */

import { capsOf } from "../core/keys.js";
import { t } from "../core/strings.js";
import { isMac } from "./dom.js";
import { wordsOf } from "./error-words.js";

/** @typedef {import("./messages.js").Messages} Messages */
/** @typedef {import("../core/api.js").ApiError} ApiError */

/**
 * @typedef {object} NoticeActions
 * @property {() => unknown} next ask for work
 * @property {() => unknown} retry what failed
 * @property {() => unknown} leave to the project
 * @property {(onDone: () => void) => HTMLElement} loginForm
 */

// Someone who waits for work is shown it within a minute.
const ASK_AGAIN_MS = 60_000;

export class Notices {
  #messages;
  #actions;
  #keyMap;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #waiting;

  /** @param {Messages} messages @param {NoticeActions} actions @param {import("../core/keys.js").KeyMap} keyMap */
  constructor(messages, actions, keyMap) {
    this.#messages = messages;
    this.#actions = actions;
    this.#keyMap = keyMap;
  }

  /** @param {string} action @returns {string | undefined} its present key, as on the key caps */
  #keys(action) {
    const [key] = this.#keyMap.keysOf(action);
    return key && capsOf(key, isMac).join(" ");
  }

  /** There is work: no notice any more. */
  clear() {
    clearInterval(this.#waiting);
    this.#messages.setNotice(null);
  }

  loading() {
    this.#messages.setNotice({ icon: "cloud", title: t("Loading…") });
  }

  oldBrowser() {
    this.#messages.setNotice({
      tone: "bad", icon: "warn", title: t("This browser cannot draw here"),
      text: t("Please use a newer one: Chrome, Edge or Firefox 113, Safari 16.4, or later."),
    });
  }

  /** @param {import("../core/session.js").Empty} empty */
  empty({ reason, message, url }) {
    const title = { paused: t("Paused"), qualification: t("First a tutorial and an exam") }[reason] ?? t("No one for you now");
    const again = url
      ? { label: t("To the tutorial"), isPrimary: true, run: () => location.assign(url) }
      : { label: t("Look again"), isPrimary: true, run: this.#actions.next };
    this.#messages.setNotice({
      icon: reason === "paused" ? "pause" : "person", title, text: message,
      actions: [again, { label: t("Back to the project"), run: this.#actions.leave }],
    });
    clearInterval(this.#waiting);
    this.#waiting = setInterval(() => {
      if (!document.hidden) this.#actions.next();
    }, ASK_AGAIN_MS);
  }

  /** Work could not be had. @param {ApiError} error */
  trouble(error) {
    if (error.kind === "login") {
      const body = this.#actions.loginForm(() => this.#actions.retry());
      this.#messages.setNotice({ tone: "warn", icon: "lock", title: t("Please log in again"), text: t("Your work is on this computer."), body });
      /** @type {HTMLInputElement | null} */ (body.querySelector("input[type=password]"))?.focus();
      return;
    }
    const isOffline = error.kind === "offline";
    this.#messages.setNotice({
      tone: isOffline ? "warn" : "bad", icon: isOffline ? "offline" : "warn",
      title: isOffline ? t("The server cannot be reached just now.") : t("That did not work"),
      text: isOffline ? t("What you did is kept on this computer and sends itself when the line is back.") : error.message,
      actions: [{ label: t("Try now"), isPrimary: true, run: this.#actions.retry }, { label: t("Back to the project"), run: this.#actions.leave }],
    });
  }

  /** @param {() => void} goOn */
  paused(goOn) {
    this.#messages.setNotice({ icon: "pause", title: t("Paused. Your place is kept"), text: t("The clock stands."), actions: [{ label: t("Go on"), isPrimary: true, keys: this.#keys("pause"), run: goOn }] });
  }

  /** @param {{note: string}} sentBack */
  sentBack({ note }) {
    this.#messages.show("sent-back", { tone: "warn", icon: "note", title: t("Sent back with a note"), text: note, canClose: true });
  }

  /** @param {"tutorial" | "exam"} kind */
  training(kind) {
    const [title, text] = kind === "tutorial"
      ? [t("Tutorial"), t("Nothing counts here. When you submit, you see what was right and where the rest belongs.")]
      : [t("Exam"), t("Work as you would on a real person. The result comes when the last answer is in.")];
    this.#messages.show("training", { icon: "guide", title, text, canClose: true });
  }

  imageMissing() {
    this.#messages.show("image", {
      tone: "bad", icon: "image", title: t("Image missing"),
      text: t("The picture could not be found. Skip this person with “bad image”, or try once more."),
      actions: [{ label: t("Try now"), run: () => location.reload() }],
    });
  }

  /** @param {boolean} isLater whether this is the later window @param {() => Promise<void>} takeOver */
  elsewhere(isLater, takeOver) {
    const run = async () => {
      const done = takeOver();
      if (isLater) return this.#messages.hide("elsewhere");
      // What the other window did is on the server, and shown from there.
      await done;
      location.reload();
    };
    this.#messages.show("elsewhere", {
      tone: "warn", icon: "windows", title: t("Open in another window"),
      text: isLater ? t("This person is already open there. Work in one of the two.") : t("You went on there. Nothing is lost."),
      actions: [{ label: t("Use this window"), isPrimary: true, run }],
    });
  }

  /** The time had run out, and the place was still free. */
  retaken() {
    this.#messages.show("retaken", {
      tone: "ok", icon: "clock", title: t("Your time had run out; the place was free and is yours again"), canClose: true, forMs: 8000,
    });
  }

  /** A submission was refused. @param {ApiError} error @param {() => void} open */
  returned(error, open) {
    if (["lease_over", "taken", "missing"].includes(error.kind)) return this.#lost();
    const run = () => {
      this.#messages.hide("returned");
      open();
    };
    this.#messages.show("returned", {
      tone: "bad", icon: "note", title: t("The last person came back"), text: `${wordsOf(error)} ${t("Your work is on this computer.")}`,
      actions: [{ label: t("Open it"), isPrimary: true, run }], canClose: true,
    });
  }

  /** A submission came after its time, and another has the place. */
  #lost() {
    this.#messages.show("returned", {
      tone: "warn", icon: "clock", title: t("The last person was not handed in: the time had run out"),
      text: t("Someone else took it meanwhile. Your work is kept, and comes back to you should the person be free again."), canClose: true,
    });
  }

  /** @param {() => void} takeBack */
  submitted(takeBack) {
    this.#messages.show("submitted", { tone: "ok", icon: "check", title: t("Handed in"), actions: [{ label: t("Take it back"), run: takeBack, keys: this.#keys("reopen_last") }], canClose: true, forMs: 5000 });
  }

  /** @param {string} what */
  cannotSubmit(what) {
    this.#messages.hide("asked");
    this.#messages.show("checks", { tone: "warn", icon: "warn", title: what, canClose: true, forMs: 6000 });
  }

  /** What was missing may be there by now. */
  missesNothing() {
    this.#messages.hide("checks");
  }

  /** Doubts before submitting. @param {import("./shell.js").Check[]} asks @param {() => void} submit */
  ask(asks, submit) {
    const shows = asks.flatMap((ask) => (ask.show ? [{ label: asks.length === 1 ? t("Show me") : t("Show: {what}", { what: ask.title.split(/[:,：，]/)[0] }), run: ask.show }] : []));
    this.#messages.hide("checks");
    this.#messages.show("asked", {
      tone: "warn", icon: "warn", title: t("Before you submit"), text: asks.map((ask) => ask.title).join("\n"), canClose: true,
      actions: [{ label: t("Submit anyway"), run: submit, isPrimary: true, keys: this.#keys("submit") }, ...shows],
    });
  }

  /** Whether doubts stand on the screen. */
  get isAsking() {
    return this.#messages.has("asked");
  }

  /** Nothing is doubtful any more. */
  askNoMore() {
    this.#messages.hide("asked");
  }

  /** What concerns one person only. */
  forgetWork() {
    for (const name of ["sent-back", "training", "image", "elsewhere", "checks", "asked"]) this.#messages.hide(name);
  }
}
