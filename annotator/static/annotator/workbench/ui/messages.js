/**
 * What the workbench has to say: panels in the margin beside the picture, one for each subject; a notice over the whole
 * stage where there is nothing to work on; and a voice for screen readers.
 */

import { t } from "../core/strings.js";
import { element } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @typedef {object} MessageAction
 * @property {string} label
 * @property {() => unknown} run
 * @property {boolean} [isPrimary]
 * @property {string} [keys] caps to show, e.g. "↵"
 */

/**
 * @typedef {object} Message
 * @property {"plain" | "warn" | "bad" | "ok"} [tone]
 * @property {string} icon
 * @property {string} title
 * @property {string} [text]
 * @property {HTMLElement | null} [body] e.g. a form
 * @property {MessageAction[]} [actions]
 * @property {string} [aside] quiet words beside the actions
 * @property {boolean} [canClose]
 * @property {number} [forMs] goes by itself after so long
 */

export class Messages {
  #margin;
  #stage;
  #voice;
  /** @type {Map<string, HTMLElement>} */
  #panels = new Map();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();

  /**
   * @param {object} places
   * @param {HTMLElement} places.margin where panels stack
   * @param {HTMLElement} places.stage covered by a notice
   * @param {HTMLElement} places.voice aria-live
   */
  constructor({ margin, stage, voice }) {
    this.#margin = margin;
    this.#stage = stage;
    this.#voice = voice;
  }

  /** Show a panel; one with the same name is replaced. @param {string} name @param {Message} message */
  show(name, message) {
    const panel = panelOf(message, () => this.hide(name));
    const old = this.#panels.get(name);
    if (old) old.replaceWith(panel);
    else this.#margin.append(panel);
    this.#panels.set(name, panel);
    clearTimeout(this.#timers.get(name));
    if (message.forMs) this.#timers.set(name, setTimeout(() => this.hide(name), message.forMs));
    if (!old) this.say([message.title, message.text].filter(Boolean).join(". "));
    return panel;
  }

  /** @param {string} name */
  hide(name) {
    this.#panels.get(name)?.remove();
    this.#panels.delete(name);
  }

  /** @param {string} name */
  has(name) {
    return this.#panels.has(name);
  }

  /** Change the quiet words of a panel without building it anew. @param {string} name @param {string} text */
  setAside(name, text) {
    const aside = this.#panels.get(name)?.querySelector(".message-aside");
    if (aside) aside.textContent = text;
  }

  hideAll() {
    for (const name of [...this.#panels.keys()]) this.hide(name);
  }

  /** Cover the stage: nothing to work on. @param {Message | null} message */
  setNotice(message) {
    this.#stage.replaceChildren();
    this.#stage.hidden = message === null;
    if (!message) return;
    this.#stage.append(panelOf(message, () => this.setNotice(null)));
    this.say([message.title, message.text].filter(Boolean).join(". "));
    // Whose focus lay on what is covered now goes on from here, without a walk through the bars.
    if (!document.activeElement?.closest("header, footer, dialog, .messages")) /** @type {HTMLElement | null} */ (this.#stage.querySelector(".button-primary"))?.focus();
  }

  /** @param {string} text for screen readers */
  say(text) {
    this.#voice.textContent = text;
  }
}

/** @param {Message} message @param {() => void} close @returns {HTMLElement} */
function panelOf(message, close) {
  const actions = (message.actions ?? []).map(({ label, run, isPrimary, keys }) =>
    element("button", { class: isPrimary ? "button button-primary" : "button", attributes: { type: "button" }, onclick: () => run() },
      label, keys ? element("kbd", { text: keys }) : null),
  );
  return element("section", { class: "message", data: { tone: message.tone ?? "plain" }, attributes: { "aria-label": message.title } },
    icon(message.icon),
    element("div", { class: "message-words" },
      element("h2", { text: message.title }),
      message.text ? element("p", { text: message.text }) : null,
      message.body ?? null,
      (actions.length > 0 || message.aside !== undefined) &&
        element("div", { class: "message-actions" }, ...actions, element("span", { class: "message-aside", text: message.aside ?? "" }))),
    message.canClose && closeButton(close));
}

/** @param {() => void} close */
function closeButton(close) {
  const button = element("button", { class: "icon-button message-close", attributes: { type: "button", "aria-label": t("Close") }, onclick: close });
  button.append(icon("close", 16));
  return button;
}
