/**
 * Keys and what they do. A stage gives a table of actions; a person's own bindings are laid over it. A combination is
 * written "b", "shift+arrowleft", "mod+enter"; "mod" is Command on a Mac and Control elsewhere. Shift is named only
 * where it does not already show in the character ("?" is "?", never "shift+/").
 */

/**
 * @typedef {object} Action
 * @property {string} id
 * @property {string} label what it does, translated
 * @property {string} group heading on the help sheet, translated
 * @property {string[]} keys the usual combinations
 * @property {boolean} [isFixed] cannot be changed (digits of parts, arrows)
 * @property {boolean} [isHeld] acts while the key is held: `run` at the press, `release` at its end
 * @property {boolean} [repeats] acts again while the key repeats
 * @property {string} [helpKeys] on the sheet instead of the keys, for rows such as "1 2"
 * @property {boolean} [isHidden] not on the sheet
 */

/** @typedef {Record<string, string | string[]>} Bindings */

/** @typedef {Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey"> & Partial<Pick<KeyboardEvent, "getModifierState">>} KeyPress */

const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Fn"]);
const MAX_COMBINATION = 40;

/**
 * @param {KeyPress} event
 * @returns {string | null} null for a modifier alone and for a key without a name
 */
export function combinationOf(event) {
  if (MODIFIERS.has(event.key) || event.key === "Dead" || event.key === "Process" || !event.key) return null;
  // AltGr writes a character of its own ("[" on a German layout), and comes as Control and Alt besides.
  const isAltGraph = event.getModifierState?.("AltGraph") ?? false;
  const key = isAltGraph ? event.key.toLowerCase() : plainKey(event);
  const isCharacter = key.length === 1 && !/[a-z0-9 ]/.test(key);
  const parts = [];
  if ((event.ctrlKey || event.metaKey) && !isAltGraph) parts.push("mod");
  if (event.altKey && !isAltGraph) parts.push("alt");
  if (event.shiftKey && !isCharacter) parts.push("shift");
  parts.push(key === " " ? "space" : key);
  return parts.join("+");
}

/** A letter or digit by its place on the keyboard where the layout writes another script. @param {KeyPress} event */
function plainKey(event) {
  const key = event.key.toLowerCase();
  if (key.length === 1 && key.charCodeAt(0) > 126) {
    const place = /^(?:Key|Digit)([A-Z0-9])$/.exec(event.code ?? "");
    if (place) return place[1].toLowerCase();
  }
  // Another character on the key of a digit, by Shift on most layouts, without it on a French one: it is still that digit.
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code ?? "");
  return digit && key.length === 1 ? digit[1] : key;
}

/**
 * Words for a key cap.
 * @param {string} combination
 * @param {boolean} [isMac]
 * @returns {string[]} one for each cap
 */
export function capsOf(combination, isMac = false) {
  /** @type {Record<string, string>} */
  const names = {
    mod: isMac ? "⌘" : "Ctrl", alt: isMac ? "⌥" : "Alt", shift: "⇧", enter: "↵", backspace: "⌫", delete: "Del",
    escape: "Esc", space: "Space", arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓", tab: "Tab", "-": "−",
  };
  const parts = combination === "+" ? ["+"] : combination.split("+").map((part) => part || "+");
  return parts.map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part[0].toUpperCase() + part.slice(1)));
}

export class KeyMap {
  /** @type {Map<string, Action>} */
  #actions = new Map();
  /** @type {Map<string, string[]>} */
  #own = new Map();
  /** @type {Map<string, string>} */
  #byCombination = new Map();

  /**
   * @param {Action[]} actions
   * @param {Bindings} [own] a person's own keys; unknown actions and unusable keys are passed over
   */
  constructor(actions, own = {}) {
    for (const action of actions) this.#actions.set(action.id, action);
    for (const [id, value] of Object.entries(own)) {
      const keys = (Array.isArray(value) ? value : [value]).filter((key) => typeof key === "string" && key.length <= MAX_COMBINATION);
      const action = this.#actions.get(id);
      if (action && !action.isFixed) this.#own.set(id, keys);
    }
    this.#index();
  }

  get actions() {
    return [...this.#actions.values()];
  }

  /** @param {string} id @returns {string[]} */
  keysOf(id) {
    return this.#own.get(id) ?? this.#actions.get(id)?.keys ?? [];
  }

  /** @param {KeyPress} event @returns {Action | null} */
  actionFor(event) {
    const combination = combinationOf(event);
    const id = combination === null ? undefined : this.#byCombination.get(combination);
    return id === undefined ? null : (this.#actions.get(id) ?? null);
  }

  /** @param {string} combination @returns {Action | null} who has this key now */
  holderOf(combination) {
    return this.#actions.get(this.#byCombination.get(combination) ?? "") ?? null;
  }

  /**
   * Give a key to an action; who had it goes without. A fixed action keeps its keys.
   * @param {string} id
   * @param {string} combination
   * @returns {{taken: boolean, from: Action | null, freed: string[]}} from: the action that lost it, or the fixed one that kept it
   */
  bind(id, combination) {
    const holder = this.holderOf(combination);
    const action = this.#actions.get(id);
    if (!action || action.isFixed || (holder?.isFixed && holder.id !== id)) return { taken: false, from: holder, freed: [] };
    const freed = this.keysOf(id).filter((key) => key !== combination);
    if (holder && holder.id !== id) this.#own.set(holder.id, this.keysOf(holder.id).filter((key) => key !== combination));
    this.#own.set(id, [combination]);
    this.#index();
    return { taken: true, from: holder && holder.id !== id ? holder : null, freed };
  }

  /** Back to the usual keys. */
  reset() {
    this.#own.clear();
    this.#index();
  }

  /** @returns {Bindings} only what differs from the usual keys */
  own() {
    return Object.fromEntries([...this.#own].map(([id, keys]) => [id, keys.length === 1 ? keys[0] : keys]));
  }

  #index() {
    this.#byCombination.clear();
    // Usual keys first, own keys over them: an own key wins.
    for (const pass of [false, true]) {
      for (const id of this.#actions.keys()) {
        if (this.#own.has(id) !== pass) continue;
        for (const key of this.keysOf(id)) if (!pass || !this.#fixedHolds(key)) this.#byCombination.set(key, id);
      }
    }
  }

  /** @param {string} combination */
  #fixedHolds(combination) {
    return [...this.#actions.values()].some((action) => action.isFixed && action.keys.includes(combination));
  }
}

/**
 * Listen for keys and run what they stand for.
 * @param {EventTarget} target
 * @param {KeyMap} keyMap
 * @param {(id: string, event: KeyboardEvent, phase: "press" | "release") => boolean | void} run false: not handled, the browser goes on
 * @returns {() => void} stop listening
 */
export function listenForKeys(target, keyMap, run) {
  /** @type {Map<string, Action>} actions whose key is down, by the place of the key */
  const held = new Map();
  const onDown = (/** @type {Event} */ raw) => {
    const event = /** @type {KeyboardEvent} */ (raw);
    if (event.isComposing || event.defaultPrevented || isForTyping(event)) return;
    const action = keyMap.actionFor(event);
    if (!action || (action.isHeld && held.has(event.code))) {
      if (action) event.preventDefault();
      return;
    }
    if (event.repeat && !action.repeats) return event.preventDefault();
    if (run(action.id, event, "press") === false) return;
    event.preventDefault();
    if (action.isHeld) held.set(event.code, action);
  };
  const onUp = (/** @type {Event} */ raw) => {
    const event = /** @type {KeyboardEvent} */ (raw);
    const action = held.get(event.code);
    if (!action) return;
    held.delete(event.code);
    run(action.id, event, "release");
  };
  const onBlur = () => {
    for (const action of held.values()) run(action.id, /** @type {any} */ (null), "release");
    held.clear();
  };
  target.addEventListener("keydown", onDown);
  target.addEventListener("keyup", onUp);
  globalThis.addEventListener?.("blur", onBlur);
  return () => {
    target.removeEventListener("keydown", onDown);
    target.removeEventListener("keyup", onUp);
    globalThis.removeEventListener?.("blur", onBlur);
  };
}

/** Whether the key belongs to the control that has the focus. @param {KeyboardEvent} event */
function isForTyping(event) {
  const element = /** @type {{closest?: (s: string) => unknown, ownerDocument?: Document, tagName?: string, type?: string} | null} */ (event.target);
  if (!element?.closest) return false;
  // Also where the focus is nowhere: behind an open dialog nothing may happen, and Escape is the dialog's.
  if (element.ownerDocument?.querySelector("dialog[open]")) return true;
  // A dialog that has just closed keeps the focus in its hidden field until the next frame: the key is not for it.
  if (element.closest("dialog:not([open])")) return false;
  const isModified = event.ctrlKey || event.metaKey;
  if (element.tagName === "INPUT" && element.type === "range") return /^(Arrow|Home|End|Page)/.test(event.key);
  if (element.closest("input:not([type=checkbox]):not([type=button]), textarea, select, [contenteditable]")) return !(isModified && event.key === "Enter");
  // Enter and Space press the button that the keyboard has chosen; one that was clicked by pointer has let go of them.
  if (element.closest("button:focus-visible, a:focus-visible, summary:focus-visible, [role=slider]:focus-visible")) return (event.key === "Enter" && !isModified) || event.key === " ";
  return false;
}
