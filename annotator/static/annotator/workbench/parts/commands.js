/** What the keys and buttons of the parts workbench do, by the id of their action. */

import { t } from "../core/strings.js";
import { clearPart, finishPart, markNotVisible, swapPerson, swapRegion, takeAllHints } from "./edits.js";
import { moveByKey, pressByKey } from "./key-cursor.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./state.js").PartsState} PartsState */

/** @typedef {(event: KeyboardEvent | null) => void} Command */
/** @typedef {{turn: () => void, light: () => void}} View what is not the desk's: the figure, the box with the light */

const ZOOM_STEP = 1.2;
const BRUSH_STEP = 1.15;
const OPACITY_STEP = 0.06;

/**
 * @param {Desk} desk
 * @param {View} view
 * @returns {Record<string, Command>}
 */
export function partsCommands(desk, view) {
  return { ...choosing(desk), ...deciding(desk), ...tools(desk), ...seeing(desk, view), ...byKey(desk) };
}

/** @param {Desk} desk @returns {Record<string, Command>} */
function choosing(desk) {
  const digits = Array.from({ length: 8 }, (_, i) => i + 1);
  return {
    ...Object.fromEntries(digits.map((digit) => [`digit_${digit}`, () => desk.pick(desk.order.byDigit(digit, desk.part))])),
    next_part: () => desk.pick(desk.order.neighbour(desk.part, 1)),
    previous_part: () => desk.pick(desk.order.neighbour(desk.part, -1)),
    pick: () => desk.pickAt(desk.cursorPoint),
  };
}

/** @param {Desk} desk @returns {Record<string, Command>} */
function deciding(desk) {
  return {
    done_next: () => {
      if (desk.tool.isBusy && desk.tool.key?.("finish")) return;
      desk.edit((document) => {
        if (!finishPart(document, desk.part)) desk.tell(t("Nothing is painted of this part. N: not visible."));
      });
      desk.toNextOpen();
    },
    not_visible: () => {
      desk.edit((document) => markNotVisible(document, desk.part));
      if (desk.document?.decided.get(desk.part) === "not_visible") desk.toNextOpen();
    },
    clear: () => {
      if (desk.tool.isBusy && desk.tool.key?.("back")) return;
      desk.edit((document) => clearPart(document, desk.part));
    },
    smooth: () => void desk.rework("smooth"),
    clean: async () => {
      if ((await desk.rework("clean")) === 0) desk.tell(t("There are no specks or small holes here."));
    },
    swap_region: (event) => {
      // By button there is no place under the pointer: the part's two sides change over.
      const at = event ? desk.cursorPoint : null;
      desk.edit((document) => swapRegion(document, at, desk.part, desk.mirrors));
    },
    swap_person: () => desk.edit((document) => swapPerson(document, desk.mirrors)),
    take_all: () => {
      desk.edit(takeAllHints);
      // What is left has no hint: "not visible", pressed next, must not meet a part that was just taken.
      if (desk.document?.decided.has(desk.part)) desk.toNextOpen();
    },
    undo: () => {
      if (desk.tool.isBusy) desk.tool.cancel();
      else desk.history.undo();
    },
    redo: () => void desk.history.redo(),
    cancel: () => desk.cancel(),
  };
}

/** @param {Desk} desk @returns {Record<string, Command>} */
function tools(desk) {
  const names = ["move", "brush", "eraser", "polygon", "lasso", "magnetic", "fill"];
  const resize = (/** @type {number} */ factor) => {
    const { brushPx } = desk.state.state;
    const next = Math.round(brushPx * factor);
    desk.state.set({ brushPx: Math.min(200, Math.max(1, next === brushPx ? brushPx + Math.sign(factor - 1) : next)) });
  };
  /** @type {Record<PartsState["rule"], PartsState["rule"]>} */
  const following = { all: "empty", empty: "part", part: "all" };
  return {
    ...Object.fromEntries(names.map((name) => [`tool_${name}`, () => desk.chooseTool(name)])),
    tool_edges: () => {
      if (desk.state.state.tool === "edges") desk.state.set({ isCoarse: !desk.state.state.isCoarse });
      else desk.chooseTool("edges");
    },
    smaller: () => resize(1 / BRUSH_STEP),
    larger: () => resize(BRUSH_STEP),
    cycle_rule: () => desk.state.set({ rule: following[desk.state.state.rule] }),
    finger: () => desk.state.set({ fingerPans: !desk.state.state.fingerPans }),
  };
}

/** @param {Desk} desk @param {View} view @returns {Record<string, Command>} */
function seeing(desk, { turn, light }) {
  const toggle = (/** @type {keyof PartsState["show"]} */ key) => {
    const { show } = desk.state.state;
    desk.state.set({ show: { ...show, [key]: !show[key] } });
  };
  const zoom = (/** @type {number} */ factor) => desk.viewport.zoomAt(factor, desk.cursor.at?.x, desk.cursor.at?.y);
  const fade = (/** @type {number} */ step) => desk.state.set({ opacity: Math.min(1, Math.max(0, Math.round((desk.state.state.opacity + step) * 100) / 100)) });
  return {
    toggle_hint: () => toggle("hint"),
    toggle_parts: () => toggle("parts"),
    fit: () => desk.viewport.fit(),
    zoom_in: () => zoom(ZOOM_STEP),
    zoom_out: () => zoom(1 / ZOOM_STEP),
    opacity_down: () => fade(-OPACITY_STEP),
    opacity_up: () => fade(OPACITY_STEP),
    light,
    turn,
  };
}

/** @param {Desk} desk @returns {Record<string, Command>} */
function byKey(desk) {
  const arrows = ["arrowleft", "arrowright", "arrowup", "arrowdown"];
  return {
    ...Object.fromEntries(arrows.map((arrow) => [arrow, (/** @type {KeyboardEvent | null} */ event) => moveByKey(desk, arrow, event?.shiftKey ?? false)])),
    press: (event) => pressByKey(desk, event?.shiftKey ?? false),
  };
}
