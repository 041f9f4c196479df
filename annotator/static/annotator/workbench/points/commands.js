/** What each action does on the correspondence screen. */

import { combinationOf } from "../core/keys.js";

/** @typedef {import("./screen.js").PointsScreen} PointsScreen */

/** The cursor's step over the surface, in px of the view; a key held down goes faster. */
const CURSOR_STEP_PX = 4;
const FAR = 5;
const HELD_FASTER = 3;
/** One press of a zoom key. */
const ZOOM_STEP = 1.25;

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {PointsScreen} screen
 * @param {string} id
 * @param {KeyboardEvent | null} event
 * @param {"press" | "release"} phase
 * @returns {boolean | void} false: not handled
 */
export function runAction(screen, id, event, phase) {
  const model = /** @type {import("./model.js").PointsModel} */ (screen.model);
  const { views, photo } = screen;
  switch (id) {
    case "confirm": return confirm(screen);
    case "back": return move(screen, () => model.step(-1));
    case "forward": return move(screen, () => model.step(1));
    case "cannot-tell": return move(screen, () => model.give({ status: "cannot_tell" }, true));
    case "not-this-part": return move(screen, () => model.give({ status: "not_this_part" }, true));
    case "take-hint": return screen.takeHint();
    case "take-earlier": return screen.takeEarlier();
    case "toggle-hints": return screen.onHints(screen.toggleHints());
    case "clear": return model.give(null, false);
    case "nudge": return event ? nudge(screen, event, 1) : undefined;
    case "nudge-far": return event ? nudge(screen, event, FAR) : undefined;
    // The digit of the key's place: what it writes is another character on a French layout.
    case "view": return event ? views.enlarge(Number(combinationOf(event))) : undefined;
    case "all-views": return views.enlarged ? views.enlarge(null) : false;
    case "advance": return screen.header.toggleAdvance();
    case "next-part": return stepPart(screen, 1);
    case "part-before": return stepPart(screen, -1);
    case "zoom-in": return zoom(screen, ZOOM_STEP);
    case "zoom-out": return zoom(screen, 1 / ZOOM_STEP);
    case "fit": return views.enlarged ? views.active.frame() : photo.pane.viewport.fit();
    case "zoom-part": return photo.zoomToPart();
    case "hide-marks": return photo.pane.hideMarks(phase === "press");
    case "next-doubt": return screen.goToDoubt();
    case "undo": return void model.history.undo();
    case "redo": return void model.history.redo();
    default: return false;
  }
}

/** Another point becomes current by a key: the cursor of the last one has served. @param {PointsScreen} screen @param {() => void} go */
function move(screen, go) {
  screen.views.clearCursor();
  go();
}

/**
 * Enter: goes on from an answer; takes a model's proposal; places the cursor where there is neither, or where the keys have led it.
 * @param {PointsScreen} screen
 */
function confirm(screen) {
  const model = /** @type {import("./model.js").PointsModel} */ (screen.model);
  const { cursor } = screen.views;
  if (model.answer && !cursor?.isByKeys) return move(screen, () => model.goOn());
  // A pointer that only rests there says nothing against the proposal, and has given its place to the point before.
  if (screen.surface.isProposed && !cursor?.isByKeys) return screen.takeHint();
  if (!cursor || cursor.isSpent) return;
  // Without its cursor a second Enter cannot answer the next point in the same place.
  screen.views.clearCursor();
  screen.place(cursor, screen.header.advances);
}

/**
 * Arrows: a placed point moves by a pixel of its view; an open one has a cursor that moves faster.
 * @param {PointsScreen} screen @param {KeyboardEvent} event @param {number} factor
 */
function nudge(screen, event, factor) {
  const [dx, dy] = DIRECTIONS[event.key] ?? [0, 0];
  const { answer } = /** @type {import("./model.js").PointsModel} */ (screen.model);
  if (answer?.status === "placed") return screen.nudgePlaced(dx * factor, dy * factor);
  const step = CURSOR_STEP_PX * factor * (event.repeat ? HELD_FASTER : 1);
  screen.views.moveCursor(dx * step, dy * step, screen.surface.startOfCursor);
}

/** @param {PointsScreen} screen @param {number} step */
function stepPart(screen, step) {
  const model = /** @type {import("./model.js").PointsModel} */ (screen.model);
  const parts = [...new Set(model.points.map((point) => point.part))];
  const part = parts[parts.indexOf(model.current.part) + step];
  if (part) move(screen, () => screen.goToPart(part));
}

/** Zoom the enlarged view, else the photograph around the current point. @param {PointsScreen} screen @param {number} factor */
function zoom(screen, factor) {
  const { views, photo, model } = screen;
  if (views.enlarged) {
    const cell = views.active;
    const at = views.cursor?.view === cell.number ? cell.viewport.toScreen(views.cursor.x, views.cursor.y) : undefined;
    return cell.zoomAt(factor, at?.x, at?.y);
  }
  const { x, y } = /** @type {import("./model.js").PointsModel} */ (model).current;
  const at = photo.pane.viewport.toScreen(x, y);
  photo.pane.viewport.zoomAt(factor, at.x, at.y);
}
