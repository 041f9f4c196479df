/** A note to reviewers and managers, left with the person of a lease. What was typed stays here until the server has it. */

import { ApiError } from "../core/api.js";
import { t } from "../core/strings.js";
import { hook } from "./dom.js";
import { wordsOf } from "./error-words.js";

/** @typedef {import("../core/work.js").Bundle} Bundle */

export class NoteDialog {
  #api;
  #messages;
  #dialog = /** @type {HTMLDialogElement} */ (hook("note-dialog"));
  #form = /** @type {HTMLFormElement} */ (hook("note-form"));
  #text = /** @type {HTMLTextAreaElement} */ (this.#form.elements.namedItem("text"));
  #problem = hook("note-problem");
  #lease = "";
  #isSending = false;

  /** @param {import("../core/api.js").Api} api @param {import("./messages.js").Messages} messages */
  constructor(api, messages) {
    this.#api = api;
    this.#messages = messages;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("input", () => sessionStorage.setItem(this.#key, this.#text.value));
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    hook("note-cancel").addEventListener("click", () => this.#dialog.close());
  }

  /** @param {Bundle} bundle */
  open({ lease }) {
    this.#lease = lease.id;
    this.#text.value = sessionStorage.getItem(this.#key) ?? "";
    this.#problem.textContent = "";
    this.#dialog.showModal();
    this.#text.focus();
  }

  get #key() {
    return `workbench:note:${this.#lease}`;
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      await this.#api.post(`leases/${this.#lease}/comments`, { text: this.#text.value.trim() });
      sessionStorage.removeItem(this.#key);
      this.#dialog.close();
      this.#messages.show("note", { tone: "ok", icon: "note", title: t("Your note is left with this person"), canClose: true, forMs: 4000 });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#problem.textContent = wordsOf(error);
    } finally {
      this.#isSending = false;
    }
  }
}
