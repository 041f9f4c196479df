/** Asks for a few words: a comment, or the note that an answer is sent back with. */

import { hook } from "../../annotator/workbench/ui/dom.js";

export class NoteDialog {
  #dialog = /** @type {HTMLDialogElement} */ (hook("note-dialog"));
  #title = hook("note-title");
  #text = /** @type {HTMLTextAreaElement} */ (hook("note-text"));
  #problem = hook("note-problem");
  #send = hook("note-send");
  /** @type {(text: string) => Promise<void>} */
  #run = async () => {};
  #isSending = false;

  constructor() {
    hook("note-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    hook("note-cancel").addEventListener("click", () => this.#dialog.close());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#submit();
    });
  }

  /** @param {string} title @param {string} label of the button @param {(text: string) => Promise<void>} run throws what went wrong */
  ask(title, label, run) {
    this.#title.textContent = title;
    this.#send.textContent = label;
    this.#text.value = "";
    this.#problem.textContent = "";
    this.#run = run;
    this.#dialog.showModal();
  }

  async #submit() {
    const text = this.#text.value.trim();
    if (!text) return this.#text.focus();
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      await this.#run(text);
      this.#dialog.close();
    } catch (error) {
      this.#problem.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      this.#isSending = false;
    }
  }
}
