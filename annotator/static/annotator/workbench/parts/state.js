/** What the parts workbench shows and how its tools are set; the painting itself is in the document. */

import { Store } from "../core/store.js";

/**
 * @typedef {object} PartsState
 * @property {string} tool
 * @property {number} part the current one
 * @property {number} brushPx diameter on the screen: nearer means finer
 * @property {number} opacity 0..1
 * @property {"all" | "empty" | "part"} rule where strokes paint
 * @property {boolean} isCoarse edge-following selection takes up large regions
 * @property {{image: boolean, parts: boolean, outline: boolean, hint: boolean}} show
 * @property {{brightness: number, contrast: number, gamma: number}} light of the photograph: -1..1, 0.3..3, 0.3..3
 * @property {boolean} fingerPans a finger moves the picture, the pen paints
 */

/** Those that follow the account. @type {(keyof PartsState)[]} */
export const KEPT = ["brushPx", "opacity", "fingerPans", "light"];

export const PLAIN_LIGHT = { brightness: 0, contrast: 1, gamma: 1 };

/** @param {Record<string, any>} settings of the account @param {number} part @returns {Store<PartsState>} */
export function makeState(settings, part) {
  const number = (/** @type {unknown} */ value, /** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ usual) =>
    typeof value === "number" && value >= low && value <= high ? value : usual;
  return new Store(/** @type {PartsState} */ ({
    tool: "brush",
    part,
    brushPx: number(settings.brushPx, 1, 200, 18),
    opacity: number(settings.opacity, 0, 1, 0.46),
    rule: "all",
    isCoarse: true,
    show: { image: true, parts: true, outline: true, hint: true },
    light: {
      brightness: number(settings.light?.brightness, -1, 1, PLAIN_LIGHT.brightness),
      contrast: number(settings.light?.contrast, 0.3, 3, PLAIN_LIGHT.contrast),
      gamma: number(settings.light?.gamma, 0.3, 3, PLAIN_LIGHT.gamma),
    },
    fingerPans: settings.fingerPans === true,
  }));
}
