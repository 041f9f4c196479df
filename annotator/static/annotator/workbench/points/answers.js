/**
 * The points of a person and the annotator's answers to them: the draft of a correspondence task, as plain data.
 *
 * Functions return new drafts and never change one, so that undo can keep what was.
 */

/** @typedef {{ status: "placed", view: number, x: number, y: number }} Placed x, y in px of the view's picture */
/** @typedef {Placed | { status: "cannot_tell" } | { status: "not_this_part" }} Answer */
/** @typedef {{ answers: Record<string, Answer>, current: string }} Draft exactly what the server keeps */

/**
 * @typedef {object} PhotoPoint
 * @property {string} key
 * @property {number} x in px of the crop
 * @property {number} y
 * @property {number} part 1..14
 * @property {number} number 1.. within its part, as shown
 * @property {number} ofPart how many points its part has
 */

/**
 * The points in the order they are worked in: part by part as the server gives them, each from the body outward.
 * @param {{ key: (string | number)[], x: number[], y: number[], part: number[] }} columns image px
 * @param {{ x: number, y: number }} crop
 * @returns {PhotoPoint[]}
 */
export function readPoints(columns, crop) {
  const parts = [...new Set(columns.part)];
  /** @type {PhotoPoint[]} */
  const points = [];
  for (const part of parts) {
    const rows = columns.key.map((_, row) => row).filter((row) => columns.part[row] === part);
    rows.forEach((row, i) => {
      points.push({
        key: String(columns.key[row]),
        x: columns.x[row] - crop.x,
        y: columns.y[row] - crop.y,
        part,
        number: i + 1,
        ofPart: rows.length,
      });
    });
  }
  return points;
}

/**
 * The state to begin with: the saved draft, without answers to points that are no longer asked.
 * @param {PhotoPoint[]} points at least one
 * @param {Partial<Draft> | null} saved
 * @returns {Draft}
 */
export function openDraft(points, saved) {
  const keys = new Set(points.map((point) => point.key));
  const kept = Object.entries(saved?.answers ?? {}).filter(([key]) => keys.has(key));
  const answers = Object.fromEntries(kept);
  const current = String(saved?.current ?? "");
  return { answers, current: keys.has(current) ? current : (firstOpen(points, answers) ?? points[0]).key };
}

/**
 * The draft with one answer given, changed or (null) taken back.
 * @param {Draft} draft @param {string} key @param {Answer | null} answer
 * @returns {Draft}
 */
export function withAnswer(draft, key, answer) {
  const answers = { ...draft.answers };
  if (answer) answers[key] = answer;
  else delete answers[key];
  return { ...draft, answers };
}

/** @param {Draft} draft @param {string} key @returns {Draft} */
export const withCurrent = (draft, key) => (key === draft.current ? draft : { ...draft, current: key });

/** @param {PhotoPoint[]} points @param {Record<string, Answer>} answers @returns {PhotoPoint | undefined} */
export const firstOpen = (points, answers) => points.find((point) => !answers[point.key]);

/**
 * The point to go on with after `key`: the next open one, from the start again after the last; when none is open, the
 * next in order, and the last stays.
 * @param {PhotoPoint[]} points @param {Record<string, Answer>} answers @param {string} key
 * @returns {PhotoPoint}
 */
export function nextPoint(points, answers, key) {
  const at = points.findIndex((point) => point.key === key);
  const after = [...points.slice(at + 1), ...points.slice(0, at)];
  return firstOpen(after, answers) ?? points[Math.min(at + 1, points.length - 1)];
}

/** @param {PhotoPoint[]} points @param {string} key @param {number} step @returns {PhotoPoint} stops at both ends */
export function stepFrom(points, key, step) {
  const at = points.findIndex((point) => point.key === key);
  return points[Math.max(0, Math.min(points.length - 1, at + step))];
}

/**
 * Progress by part, in working order.
 * @param {PhotoPoint[]} points @param {Record<string, Answer>} answers
 * @returns {{ part: number, done: number, total: number }[]}
 */
export function progressByPart(points, answers) {
  /** @type {Map<number, { part: number, done: number, total: number }>} */
  const rows = new Map();
  for (const { key, part } of points) {
    const row = rows.get(part) ?? { part, done: 0, total: 0 };
    row.total += 1;
    row.done += answers[key] ? 1 : 0;
    rows.set(part, row);
  }
  return [...rows.values()];
}

/** @param {PhotoPoint[]} points @param {Record<string, Answer>} answers */
export const countAnswered = (points, answers) => points.filter((point) => answers[point.key]).length;

/**
 * Two answers that say the same are one change less to save.
 * @param {Answer | undefined} a @param {Answer | undefined} b
 */
export function isSameAnswer(a, b) {
  if (!a || !b) return a === b;
  if (a.status === "placed" && b.status === "placed") return a.view === b.view && a.x === b.x && a.y === b.y;
  return a.status === b.status;
}
