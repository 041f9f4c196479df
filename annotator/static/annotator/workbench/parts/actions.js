/** The keys of the parts workbench: what there is to do, and the usual key for it. */

import { t } from "../core/strings.js";

/** @typedef {import("../core/keys.js").Action} Action */

/** @returns {Action[]} */
export function partsActions() {
  return [...choosing(), ...deciding(), ...tools(), ...seeing(), ...cursor()];
}

/** @returns {Action[]} */
function choosing() {
  const group = t("Choose a part");
  const digits = Array.from({ length: 8 }, (_, i) => String(i + 1));
  return [
    { id: "help_digits_1", label: t("Head, torso"), group, keys: [], helpKeys: "1 2", isFixed: true },
    { id: "help_digits_2", label: t("Upper arm, lower arm, hand"), group, keys: [], helpKeys: "3 4 5", isFixed: true },
    { id: "help_digits_3", label: t("Upper leg, lower leg, foot"), group, keys: [], helpKeys: "6 7 8", isFixed: true },
    { id: "help_digits_4", label: t("Same key again: other side"), group, keys: [], helpKeys: "3 3", isFixed: true },
    ...digits.map((digit) => ({ id: `digit_${digit}`, label: digit, group, keys: [digit], isFixed: true, isHidden: true })),
    { id: "next_part", label: t("Next part"), group, keys: ["d"] },
    { id: "previous_part", label: t("Part before"), group, keys: ["a"] },
    { id: "pick", label: t("Pick the part under the pointer"), group, keys: ["i"] },
  ];
}

/** @returns {Action[]} */
function deciding() {
  const group = t("Decide");
  const undo = t("Undo");
  return [
    { id: "done_next", label: t("Take the hint; done, next"), group, keys: ["enter"] },
    { id: "not_visible", label: t("Not visible"), group, keys: ["n"] },
    { id: "clear", label: t("Clear the part"), group, keys: ["backspace", "delete"] },
    { id: "smooth", label: t("Smooth the part’s outline"), group, keys: ["c"] },
    { id: "clean", label: t("Remove specks, close small holes"), group, keys: [";"] },
    { id: "swap_region", label: t("Swap left and right"), group, keys: ["w"] },
    { id: "swap_person", label: t("Swap the whole person"), group, keys: ["q"] },
    { id: "take_all", label: t("Take all hints"), group, keys: ["shift+enter"] },
    { id: "undo", label: t("Undo, back to the start"), group: undo, keys: ["z", "mod+z"], repeats: true },
    { id: "redo", label: t("Redo"), group: undo, keys: ["y", "mod+y", "mod+shift+z"], repeats: true },
  ];
}

/** @returns {Action[]} */
function tools() {
  const group = t("Tools");
  return [
    { id: "tool_move", label: t("Move and pan"), group, keys: ["v"] },
    { id: "tool_brush", label: t("Brush"), group, keys: ["b"] },
    { id: "tool_eraser", label: t("Eraser"), group, keys: ["e"] },
    { id: "tool_polygon", label: t("Polygon"), group, keys: ["p"] },
    { id: "tool_lasso", label: t("Lasso"), group, keys: ["l"] },
    { id: "tool_magnetic", label: t("Polygon along edges"), group, keys: ["m"] },
    { id: "tool_fill", label: t("Fill"), group, keys: ["f"] },
    { id: "tool_edges", label: t("Select along edges; again: finer, coarser"), group, keys: ["g"] },
    { id: "help_shift", label: t("Areas with Shift: take away; brushes: straight"), group, keys: [], helpKeys: "⇧", isFixed: true },
    { id: "smaller", label: t("Brush smaller"), group, keys: ["["], repeats: true },
    { id: "larger", label: t("Brush larger"), group, keys: ["]"], repeats: true },
    { id: "cycle_rule", label: t("Paints: over all, empty, one part"), group, keys: ["r"] },
    { id: "toggle_hint", label: t("Hint on, off"), group, keys: ["9"] },
    { id: "cancel", label: t("Give up the stroke"), group, keys: ["escape"], isFixed: true },
  ];
}

/** @returns {Action[]} */
function seeing() {
  const group = t("See");
  return [
    { id: "fit", label: t("Fit the crop"), group, keys: ["0"] },
    { id: "zoom_in", label: t("Zoom in"), group, keys: ["+", "="], repeats: true },
    { id: "zoom_out", label: t("Zoom out"), group, keys: ["-"], repeats: true },
    { id: "peek", label: t("Show image only, while held; drag pans"), group, keys: ["space"], isHeld: true },
    { id: "opacity_down", label: t("Opacity down"), group, keys: [","], repeats: true },
    { id: "opacity_up", label: t("Opacity up"), group, keys: ["."], repeats: true },
    { id: "toggle_parts", label: t("Outline only"), group, keys: ["o"] },
    { id: "light", label: t("Light of the photograph"), group, keys: ["'"] },
    { id: "turn", label: t("Turn the body figure"), group, keys: ["t"] },
  ];
}

/** @returns {Action[]} */
function cursor() {
  const group = t("By keyboard alone");
  const arrows = ["arrowleft", "arrowright", "arrowup", "arrowdown"];
  return [
    { id: "help_arrows", label: t("Move the brush; with Shift in big steps"), group, keys: [], helpKeys: "← ↑ ↓ →", isFixed: true },
    ...arrows.map((key) => ({ id: key, label: key, group, keys: [key, `shift+${key}`], isFixed: true, isHidden: true, repeats: true })),
    { id: "press", label: t("Put the brush down, lift it"), group, keys: ["x", "shift+x"] },
  ];
}
