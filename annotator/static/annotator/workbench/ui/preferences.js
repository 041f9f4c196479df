/** What follows the account to every computer: its keys, and the settings of the workbench. */

import { capsOf } from "../core/keys.js";
import { element, hook, isMac } from "./dom.js";

const SETTINGS_DELAY_MS = 1500;

export class Preferences {
  #api;
  #user;
  #group;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("../core/api.js").Api} api
   * @param {import("./config.js").Config} config
   */
  constructor(api, { user, stage }) {
    this.#api = api;
    this.#user = { key_bindings: { ...user.key_bindings }, settings: { ...user.settings } };
    this.#group = stage === "parts" ? "parts" : "points";
  }

  /** @returns {Readonly<Record<string, any>>} */
  get settings() {
    return this.#user.settings;
  }

  /** This stage's own keys. @returns {import("../core/keys.js").Bindings} */
  get bindings() {
    return this.#user.key_bindings[this.#group] ?? {};
  }

  /** @param {import("../core/keys.js").Bindings} own @returns {Promise<unknown>} rejected with ApiError where it was not taken */
  saveBindings(own) {
    this.#user.key_bindings[this.#group] = own;
    return this.#api.patch("me", { key_bindings: this.#user.key_bindings });
  }

  /** @param {Record<string, any>} patch */
  saveSettings(patch) {
    Object.assign(this.#user.settings, patch);
    clearTimeout(this.#timer);
    // A slider gives many values; the last one is wanted. Not saved is no harm: it is tried with the next change.
    this.#timer = setTimeout(() => this.#api.patch("me", { workbench_settings: this.#user.settings }).catch(() => {}), SETTINGS_DELAY_MS);
  }
}

/** The layout for the hand that draws: its switch is on the sheet of keys. @param {Preferences} preferences */
export function showHand(preferences) {
  const toggle = /** @type {HTMLInputElement} */ (hook("left-handed"));
  toggle.checked = preferences.settings.left_handed === true;
  toggle.addEventListener("change", () => {
    document.body.dataset.hand = toggle.checked ? "left" : "right";
    preferences.saveSettings({ left_handed: toggle.checked });
  });
}

/** Write the present key of its action into each element with data-keys. @param {import("../core/keys.js").KeyMap} keyMap */
export function showKeys(keyMap) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-keys]"))) {
    const [key] = keyMap.keysOf(place.dataset.keys ?? "");
    const caps = key ? capsOf(key, isMac) : [];
    if (place.tagName === "KBD") place.textContent = caps.join("");
    else place.replaceChildren(...caps.map((cap) => element("kbd", { text: cap })));
    place.hidden = caps.length === 0;
  }
}
