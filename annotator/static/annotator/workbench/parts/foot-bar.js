/** The bar below: brush, zoom, opacity, what is shown, where the brush may paint. Controls change the store; the store shows in them. */

import { t } from "../core/strings.js";
import { hook } from "../ui/dom.js";
import { isPlain } from "./light.js";
import { PLAIN_LIGHT } from "./state.js";

/** @typedef {import("./state.js").PartsState} PartsState */

export class FootBar {
  #brush = /** @type {HTMLInputElement} */ (hook("brush-range"));
  #brushText = hook("brush-text");
  #opacity = /** @type {HTMLInputElement} */ (hook("opacity-range"));
  #opacityText = hook("opacity-text");
  #zoomText = hook("zoom-text");
  #rule = /** @type {HTMLSelectElement} */ (hook("rule"));
  #finger = hook("finger");
  #light = /** @type {HTMLDetailsElement} */ (hook("light"));
  /** @type {HTMLInputElement[]} */
  #lights = [...document.querySelectorAll("[data-light]")].map((range) => /** @type {HTMLInputElement} */ (range));
  /** @type {HTMLElement[]} */
  #shows = [...document.querySelectorAll("[data-show]")].map((button) => /** @type {HTMLElement} */ (button));

  /** @param {import("../core/store.js").Store<PartsState>} store */
  constructor(store) {
    this.#brush.addEventListener("input", () => store.set({ brushPx: Number(this.#brush.value) }));
    this.#opacity.addEventListener("input", () => store.set({ opacity: Number(this.#opacity.value) / 100 }));
    this.#rule.addEventListener("change", () => {
      store.set({ rule: /** @type {PartsState["rule"]} */ (this.#rule.value) });
      this.#rule.blur();
    });
    for (const button of this.#shows) {
      const key = /** @type {keyof PartsState["show"]} */ (button.dataset.show);
      button.addEventListener("click", () => store.set({ show: { ...store.state.show, [key]: !store.state.show[key] } }));
    }
    for (const range of this.#lights) {
      range.addEventListener("input", () => store.set({ light: { ...store.state.light, [range.dataset.light ?? ""]: Number(range.value) } }));
    }
    this.#light.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#light.open) return;
      event.preventDefault();
      this.toggleLight();
    });
    hook("light-plain").addEventListener("click", () => store.set({ light: PLAIN_LIGHT }));
    store.watch(["light", "brushPx", "opacity", "rule", "show", "fingerPans"], (state) => this.#update(state));
    this.#update(store.state);
  }

  /** Open the box with the light of the photograph, its first slider in hand; or close it. */
  toggleLight() {
    this.#light.open = !this.#light.open;
    if (this.#light.open) this.#lights[0].focus();
    else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
  }

  /** @param {number} scale screen pixels per image pixel */
  setZoom(scale) {
    this.#zoomText.textContent = `${Math.round(scale * 100)} %`;
  }

  /** @param {Readonly<PartsState>} state */
  #update(state) {
    this.#brush.value = String(state.brushPx);
    this.#brushText.textContent = `${state.brushPx} px`;
    fillTrack(this.#brush);
    this.#opacity.value = String(Math.round(state.opacity * 100));
    this.#opacityText.textContent = `${Math.round(state.opacity * 100)} %`;
    fillTrack(this.#opacity);
    this.#rule.value = state.rule;
    for (const button of this.#shows) {
      button.setAttribute("aria-pressed", String(state.show[/** @type {keyof PartsState["show"]} */ (button.dataset.show)]));
    }
    this.#light.classList.toggle("is-set", !isPlain(state.light));
    for (const range of this.#lights) {
      range.value = String(state.light[/** @type {keyof PartsState["light"]} */ (range.dataset.light)]);
      fillTrack(range);
    }
    this.#finger.setAttribute("aria-pressed", String(state.fingerPans));
  }
}

/** How far a slider's track is filled, for its style. @param {HTMLInputElement} range */
function fillTrack(range) {
  const share = (Number(range.value) - Number(range.min)) / (Number(range.max) - Number(range.min));
  range.style.setProperty("--filled", `${share * 100}%`);
}

/** @param {import("./state.js").PartsState["rule"]} rule @param {string} [over] name of the part under the cursor */
export function ruleWords(rule, over = "") {
  if (rule === "empty") return t("paints only empty");
  if (rule === "part") return over ? t("paints only over: {part}", { part: over }) : t("paints only over one part");
  return t("paints over all");
}
