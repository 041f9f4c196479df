/**
 * The correspondence task in work: its points, the answers, where the annotator is. Every change goes through here and
 * can be undone; listeners watch the store.
 */

import { History } from "../core/history.js";
import { Store } from "../core/store.js";
import { firstOpen, isSameAnswer, nextPoint, openDraft, stepFrom, withAnswer, withCurrent } from "./answers.js";

/** @typedef {import("./answers.js").Answer} Answer */
/** @typedef {import("./answers.js").Draft} Draft */
/** @typedef {import("./answers.js").PhotoPoint} PhotoPoint */

/**
 * One undoable edit: the answer of a point before and after. Undo leads back to the point, redo on to where the
 * annotator went.
 * @typedef {{key: string, before: Answer | null, after: Answer | null, to: string}} Edit
 */

export class PointsModel {
  /** @type {PhotoPoint[]} */
  points;
  /** @type {Store<{draft: Draft}>} */
  store;
  /** @type {History<Edit>} */
  history;

  /**
   * @param {PhotoPoint[]} points
   * @param {Partial<Draft> | null} saved
   * @param {import("../core/history.js").HistoryKeeper<Edit>} [keeper]
   */
  constructor(points, saved, keeper) {
    this.points = points;
    this.store = new Store({ draft: openDraft(points, saved) });
    this.history = new History({ apply: (edit, direction) => this.#apply(edit, direction), keeper });
  }

  get draft() {
    return this.store.state.draft;
  }

  /** @returns {PhotoPoint} */
  get current() {
    return this.pointOf(this.draft.current);
  }

  /** @returns {Answer | null} of the current point */
  get answer() {
    return this.draft.answers[this.draft.current] ?? null;
  }

  /** @param {string} key @returns {PhotoPoint} */
  pointOf(key) {
    return /** @type {PhotoPoint} */ (this.points.find((point) => point.key === key));
  }

  /** @returns {PhotoPoint | undefined} the first point without an answer */
  get firstOpen() {
    return firstOpen(this.points, this.draft.answers);
  }

  /**
   * Answer the current point.
   * @param {Answer | null} answer null takes the answer back
   * @param {boolean} goesOn whether the next point becomes the current one
   */
  give(answer, goesOn) {
    const { answers, current: key } = this.draft;
    const before = answers[key] ?? null;
    let draft = withAnswer(this.draft, key, answer);
    if (goesOn) draft = withCurrent(draft, nextPoint(this.points, draft.answers, key).key);
    if (!isSameAnswer(before ?? undefined, answer ?? undefined)) {
      this.history.push({ key, before, after: answer, to: draft.current });
    }
    this.store.set({ draft });
  }

  /** Answer several points at once, each an edit of its own; then go on. @param {[string, Answer][]} answers by key */
  giveMany(answers) {
    let { draft } = this;
    for (const [key, answer] of answers) {
      draft = withAnswer(withCurrent(draft, key), key, answer);
      draft = withCurrent(draft, nextPoint(this.points, draft.answers, key).key);
      this.history.push({ key, before: null, after: answer, to: draft.current });
    }
    this.store.set({ draft });
  }

  /** @param {string} key */
  goTo(key) {
    this.store.set({ draft: withCurrent(this.draft, key) });
  }

  goOn() {
    this.goTo(nextPoint(this.points, this.draft.answers, this.draft.current).key);
  }

  /** @param {number} step */
  step(step) {
    this.goTo(stepFrom(this.points, this.draft.current, step).key);
  }

  /** @param {Edit} edit @param {"undo" | "redo"} direction */
  #apply(edit, direction) {
    const isUndo = direction === "undo";
    const draft = withAnswer(this.draft, edit.key, isUndo ? edit.before : edit.after);
    this.store.set({ draft: withCurrent(draft, isUndo ? edit.key : edit.to) });
  }
}
