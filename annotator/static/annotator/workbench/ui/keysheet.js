/** The sheet of keys: grouped, searchable; choose a row and press a key to change it. Conflicts are told, never silent. */

import { capsOf, combinationOf } from "../core/keys.js";
import { t } from "../core/strings.js";
import { element, hook, isMac, keyCaps } from "./dom.js";

/** @typedef {import("../core/keys.js").KeyMap} KeyMap */
/** @typedef {import("../core/keys.js").Action} Action */

export class KeySheet {
  #dialog = /** @type {HTMLDialogElement} */ (hook("keys"));
  #list = hook("keys-list", this.#dialog);
  #search = /** @type {HTMLInputElement} */ (hook("keys-search", this.#dialog));
  #note = hook("keys-note", this.#dialog);
  #keyMap;
  #onChange;
  /** @type {string | null} the action that waits for its key */
  #recording = null;

  /**
   * @param {KeyMap} keyMap
   * @param {(own: import("../core/keys.js").Bindings) => void} onChange
   */
  constructor(keyMap, onChange) {
    this.#keyMap = keyMap;
    this.#onChange = onChange;
    this.#search.addEventListener("input", () => this.#render());
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event), true);
    this.#dialog.addEventListener("cancel", (event) => this.#recording && event.preventDefault());
    hook("keys-close", this.#dialog).addEventListener("click", () => this.#dialog.close());
    hook("keys-close-corner", this.#dialog).addEventListener("click", () => this.#dialog.close());
    hook("keys-reset", this.#dialog).addEventListener("click", () => this.#reset());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open() {
    this.#recording = null;
    this.#search.value = "";
    this.#note.textContent = t("Choose any row to change its key. Your keys follow you to every computer.");
    this.#render();
    this.#dialog.showModal();
    this.#search.blur();
  }

  #render() {
    const wanted = this.#search.value.trim().toLowerCase();
    /** @type {Map<string, Action[]>} */
    const groups = new Map();
    for (const action of this.#keyMap.actions) {
      if (action.isHidden || (wanted && !this.#matches(action, wanted))) continue;
      groups.set(action.group, [...(groups.get(action.group) ?? []), action]);
    }
    this.#list.replaceChildren(
      ...[...groups].map(([name, actions]) =>
        element("section", { class: "keys-group" }, element("h3", { text: name }), ...actions.map((action) => this.#row(action)))),
    );
    if (groups.size === 0) this.#list.append(element("p", { text: t("No key or action is called so.") }));
  }

  /** @param {Action} action @param {string} wanted */
  #matches(action, wanted) {
    const keys = this.#keyMap.keysOf(action.id).flatMap((key) => [key, ...capsOf(key, isMac)]);
    return action.label.toLowerCase().includes(wanted) || keys.some((key) => key.toLowerCase() === wanted);
  }

  /** @param {Action} action */
  #row(action) {
    const isRecording = this.#recording === action.id;
    const caps = element("span", { class: "keys-caps" });
    if (isRecording) caps.append(element("span", { class: "keys-recorder", text: t("Press a key…") }));
    else if (action.helpKeys) caps.append(...action.helpKeys.split(" ").map((key) => element("kbd", { text: key })));
    else caps.append(...this.#keyMap.keysOf(action.id).map((key) => keyCaps(key, (text) => capsOf(text, isMac))));
    if (!isRecording && caps.childElementCount === 0) caps.append(element("span", { class: "keys-none", text: t("no key") }));
    const words = element("span", { text: action.label });
    if (action.isFixed) return element("div", { class: "keys-row" }, words, caps);
    const row = element("button", { class: "keys-row", attributes: { type: "button", "aria-pressed": String(isRecording) }, data: { action: action.id } }, words, " ", caps);
    row.addEventListener("click", () => this.#record(action.id));
    return row;
  }

  /** @param {string | null} id */
  #record(id) {
    this.#recording = id;
    this.#render();
    if (!id) return;
    this.#note.textContent = t("Press the new key, or Esc to leave it as it is.");
    /** @type {HTMLElement | null} */ (this.#list.querySelector(`[data-action="${CSS.escape(id)}"]`))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.#recording) return;
    const combination = combinationOf(event);
    if (combination === null) return;
    event.preventDefault();
    event.stopPropagation();
    const id = this.#recording;
    if (combination !== "escape" && combination !== "tab") this.#note.textContent = this.#bind(id, combination);
    this.#recording = null;
    this.#render();
    /** @type {HTMLElement | null} */ (this.#list.querySelector(`[data-action="${CSS.escape(id)}"]`))?.focus();
  }

  /** @param {string} id @param {string} combination @returns {string} what to tell */
  #bind(id, combination) {
    const key = capsOf(combination, isMac).join(" ");
    const { taken, from, freed } = this.#keyMap.bind(id, combination);
    if (!taken) return t("{key} belongs to “{action}” and stays there.", { key, action: from?.label ?? "" });
    this.#onChange(this.#keyMap.own());
    if (from) return t("{key} now does this; “{action}” has no key any more.", { key, action: from.label });
    return freed.length > 0 ? t("{key} is free now.", { key: capsOf(freed[0], isMac).join(" ") }) : t("Saved");
  }

  #reset() {
    this.#keyMap.reset();
    this.#onChange({});
    this.#recording = null;
    this.#note.textContent = t("All keys are the usual ones again.");
    this.#render();
  }
}
