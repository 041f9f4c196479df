/** The cursor by keyboard: arrows move it, one key puts the brush down and lifts it; other tools act as by a click. */

import { t } from "../core/strings.js";

/** @typedef {import("./desk.js").Desk} Desk */

const STEP_PX = 4;
const BIG_STEP_PX = 24;

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };

/** @param {Desk} desk @param {string} arrow @param {boolean} isBig */
export function moveByKey(desk, arrow, isBig) {
  const [dx, dy] = DIRECTIONS[arrow];
  const { width, height } = desk.viewport;
  const distance = isBig ? BIG_STEP_PX : STEP_PX;
  const from = desk.cursor.at ?? { x: width / 2, y: height / 2 };
  const at = { x: Math.min(width, Math.max(0, from.x + dx * distance)), y: Math.min(height, Math.max(0, from.y + dy * distance)) };
  desk.cursor.isByKeyboard = true;
  desk.placeCursor(at, false);
  desk.tool.move([sampleAt(desk)]);
}

/** @param {Desk} desk @param {boolean} isShifted as with a pointer: brushes draw straight, tools of areas take away */
export function pressByKey(desk, isShifted) {
  const { cursor, tool, viewport } = desk;
  cursor.isByKeyboard = true;
  if (!cursor.at) desk.placeCursor({ x: viewport.width / 2, y: viewport.height / 2 }, false);
  if (cursor.isPressed) {
    cursor.isPressed = false;
    tool.up();
  } else {
    tool.down(sampleAt(desk, isShifted));
    cursor.isPressed = tool.isBusy && tool.name !== "polygon" && tool.name !== "magnetic";
    if (!cursor.isPressed) tool.up();
  }
  if (tool.name === "brush" || tool.name === "eraser") desk.shell.messages.say(cursor.isPressed ? t("Brush down") : t("Brush up"));
  desk.placeCursor(cursor.at, false);
}

/** @param {Desk} desk @param {boolean} [isShifted] @returns {import("./tools/tool.js").Sample} */
function sampleAt(desk, isShifted = false) {
  const { x, y } = desk.cursorPoint ?? { x: 0, y: 0 };
  return { x, y, pressure: 0.5, isPen: false, isStraight: isShifted, isRubber: false };
}
