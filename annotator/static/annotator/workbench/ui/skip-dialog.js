/** Skip, with a reason: a number key or a click chooses it, Enter sends. */

import { ApiError } from "../core/api.js";
import { hook } from "./dom.js";
import { wordsOf } from "./error-words.js";

export class SkipDialog {
  #dialog = /** @type {HTMLDialogElement} */ (hook("skip-dialog"));
  #form = /** @type {HTMLFormElement} */ (hook("skip-form", this.#dialog));
  #problem = hook("skip-problem", this.#dialog);

  /** @param {(reason: string, note: string) => Promise<void>} onSkip throws ApiError */
  constructor(onSkip) {
    this.#form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = new FormData(this.#form);
      try {
        await onSkip(String(fields.get("reason")), String(fields.get("note") ?? ""));
        this.#dialog.close();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.#problem.textContent = wordsOf(error);
      }
    });
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event));
    hook("skip-cancel", this.#dialog).addEventListener("click", () => this.#dialog.close());
  }

  open() {
    this.#form.reset();
    this.#problem.textContent = "";
    this.#dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.target instanceof HTMLTextAreaElement) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
      return;
    }
    const reasons = /** @type {NodeListOf<HTMLInputElement>} */ (this.#form.querySelectorAll("input[name=reason]"));
    const chosen = reasons[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    chosen.checked = true;
    chosen.focus();
  }
}
