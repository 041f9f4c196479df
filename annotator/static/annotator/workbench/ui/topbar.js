/** The bar on top: project, stage, progress, whether the work is saved, the clock, skip and submit. The template holds its elements. */

import { t } from "../core/strings.js";
import { hook, setText } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../core/saver.js").SaverStatus} SaverStatus */

export class Topbar {
  #save = hook("save");
  #saveText = hook("save-text");
  #clock = hook("clock");
  #progress = hook("progress");
  #submit = /** @type {HTMLButtonElement} */ (hook("submit"));
  #submitText = hook("submit-text");
  #skip = /** @type {HTMLButtonElement} */ (hook("skip"));
  #shownIcon = "";

  /** @param {{onSubmit: () => void, onSkip: () => void, onSave: () => void}} actions */
  constructor({ onSubmit, onSkip, onSave }) {
    this.#submit.addEventListener("click", onSubmit);
    this.#skip.addEventListener("click", onSkip);
    this.#save.addEventListener("click", onSave);
  }

  /** @param {number} doneToday @param {string} [detail] what this stage adds, e.g. "41 of 96 placed" */
  setProgress(doneToday, detail = "") {
    const text = t("person {n} today", { n: doneToday + 1 });
    setText(this.#progress, detail ? `${text} · ${detail}` : text);
  }

  /** @param {SaverStatus} status @param {number} waiting submissions on their way */
  setSave(status, waiting = 0) {
    const { text, iconName, tone } = saveWords(status, waiting);
    this.#save.dataset.tone = tone;
    this.#save.dataset.state = status.state;
    setText(this.#saveText, text);
    if (this.#shownIcon !== iconName) {
      this.#save.querySelector("svg")?.remove();
      this.#save.prepend(icon(iconName, 16));
      this.#shownIcon = iconName;
    }
    const later = { offline: t("Submit when online"), login: t("Submit after login") };
    setText(this.#submitText, status.state === "offline" || status.state === "login" ? later[status.state] : t("Submit"));
  }

  /** @param {number} ms */
  setClock(ms) {
    const seconds = Math.floor(ms / 1000);
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    setText(this.#clock, text);
  }

  /** @param {boolean} isWorking whether there is work to submit or skip */
  setWorking(isWorking) {
    this.#submit.disabled = !isWorking;
    this.#skip.disabled = !isWorking;
  }

  /** @param {boolean} isReady nothing is missing any more: the button may draw the eye */
  setReady(isReady) {
    this.#submit.classList.toggle("button-primary", isReady);
  }
}

/** @param {SaverStatus} status @param {number} waiting */
function saveWords(status, waiting) {
  const kept = status.changes === 1 ? t("1 change kept here") : t("{n} changes kept here", { n: status.changes });
  switch (status.state) {
    case "saved":
      if (waiting > 1) return { text: t("{n} people wait to be sent", { n: waiting }), iconName: "cloud", tone: "warn" };
      return waiting > 0
        ? { text: t("Sending the last person…"), iconName: "cloud", tone: "plain" }
        : { text: t("Saved"), iconName: "check", tone: "ok" };
    case "saving": return { text: t("Saving…"), iconName: "cloud", tone: "plain" };
    case "not_saved": return { text: t("Not saved yet"), iconName: "cloud", tone: "plain" };
    case "offline": return { text: `${t("Offline")} · ${kept}`, iconName: "offline", tone: "warn" };
    case "login": return { text: t("Logged out · kept here"), iconName: "lock", tone: "warn" };
    case "stale": return { text: t("Changed in another window"), iconName: "windows", tone: "warn" };
    case "over": return { text: status.ended === "expired" ? t("Time ran out · kept here") : t("Ended elsewhere · kept here"), iconName: "clock", tone: "warn" };
    default: return { text: t("Not saved · kept here"), iconName: "warn", tone: "bad" };
  }
}
