/** What can be done with points, and the usual keys for it. */

import { t } from "../core/strings.js";

/** @typedef {import("../core/keys.js").Action} Action */

/** @returns {Action[]} */
export function pointActions() {
  const answer = t("Answer");
  const surface = t("Look at the surface");
  const photograph = t("Look at the photograph");
  const moveOn = t("Move on");
  const arrows = ["arrowleft", "arrowright", "arrowup", "arrowdown"];
  return [
    { id: "confirm", label: t("Place here; confirm, next"), group: answer, keys: ["enter"] },
    { id: "back", label: t("Back to the point before"), group: answer, keys: ["backspace"], repeats: true },
    { id: "forward", label: t("On to the next point"), group: answer, keys: ["n"], repeats: true },
    { id: "cannot-tell", label: t("Cannot tell"), group: answer, keys: ["x"] },
    { id: "not-this-part", label: t("Not this part"), group: answer, keys: ["m"] },
    { id: "take-hint", label: t("Take the hint: as its neighbours go"), group: answer, keys: ["e"] },
    { id: "take-earlier", label: t("Sent back: the rest of the part as you had it"), group: answer, keys: ["shift+enter"] },
    { id: "clear", label: t("Take the answer back"), group: answer, keys: ["delete"] },
    {
      id: "nudge", label: t("Nudge, or move the cursor"), group: answer, keys: arrows, isFixed: true, repeats: true,
      helpKeys: "← ↑ ↓ →",
    },
    {
      id: "nudge-far", label: t("Nudge farther"), group: answer, keys: arrows.map((key) => `shift+${key}`), isFixed: true,
      repeats: true, helpKeys: "⇧ ← ↑ ↓ →",
    },
    {
      id: "view", label: t("Enlarge a view; again: all six"), group: surface, keys: ["1", "2", "3", "4", "5", "6"],
      isFixed: true, helpKeys: "1 – 6",
    },
    { id: "all-views", label: t("All six views"), group: surface, keys: ["escape"], isFixed: true },
    { id: "advance", label: t("Click places and goes on: on, off"), group: surface, keys: ["a"] },
    { id: "toggle-hints", label: t("Hint on, off"), group: surface, keys: ["g"] },
    { id: "next-part", label: t("Next part"), group: surface, keys: ["]", "d"] },
    { id: "part-before", label: t("Part before"), group: surface, keys: ["["] },
    { id: "zoom-in", label: t("Zoom in"), group: photograph, keys: ["+", "="], repeats: true },
    { id: "zoom-out", label: t("Zoom out"), group: photograph, keys: ["-"], repeats: true },
    { id: "fit", label: t("Fit"), group: photograph, keys: ["0"] },
    { id: "zoom-part", label: t("Zoom to the part; again: whole person"), group: photograph, keys: ["f"] },
    { id: "hide-marks", label: t("Show the image only, while held"), group: photograph, keys: ["space"], isHeld: true },
    { id: "undo", label: t("Undo, back to the start"), group: moveOn, keys: ["z", "mod+z"], repeats: true },
    { id: "redo", label: t("Redo"), group: moveOn, keys: ["y", "mod+y", "mod+shift+z"], repeats: true },
    { id: "next-doubt", label: t("Next point to check"), group: moveOn, keys: ["c"] },
  ];
}
