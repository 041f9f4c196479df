/** The side of the bench: the answers, what is chosen, how far they lie apart, comments. Only draws; keys and clicks go to the bench. */

import { t } from "../../annotator/workbench/core/strings.js";
import { element } from "../../annotator/workbench/ui/dom.js";
import { colourOf } from "./colours.js";
import { spreadByPart } from "./point-spread.js";

/** @typedef {import("./points-desk.js").PointsDesk} PointsDesk */
/** @typedef {import("./parts-desk.js").PartsDesk} PartsDesk */

/** @param {number} ms */
const seconds = (ms) => (ms < 120_000 ? t("{n} s", { n: Math.round(ms / 1000) }) : t("{n} min", { n: Math.round(ms / 60_000) }));
/** @param {number | null} cm */
const centimetres = (cm) => (cm === null ? "–" : t("{n} cm", { n: cm.toFixed(1) }));

/** @param {number} index */
function swatch(index) {
  const mark = element("span", { class: "answer-mark", text: String(index + 1) });
  // By the object model: the policy forbids style attributes in markup alone.
  mark.style.background = colourOf(index).fill;
  mark.style.color = colourOf(index).ink;
  return mark;
}

/**
 * One row for each answer; pressing it takes the whole answer.
 * @param {any[]} answers @param {(index: number) => string} figure what stands at the end of the row
 * @param {number} chosen @param {(index: number) => void} choose
 */
export function answerRows(answers, figure, chosen, choose) {
  return answers.map((answer, index) => {
    const state = answer.note ? element("span", { class: "answer-chip", text: t("sent back"), attributes: { title: answer.note } }) : null;
    return element("button", {
      class: "answer-row", data: { answer: String(index) }, onclick: () => choose(index),
      attributes: { type: "button", "aria-pressed": String(index === chosen) },
    }, swatch(index), element("span", { class: "answer-name", text: answer.author || t("imported") }), state,
    element("span", { class: "quiet", text: seconds(answer.active_ms) }), element("span", { class: "answer-figure", text: figure(index) }));
  });
}

/**
 * The row that takes what the answers come to together.
 * @param {{disagreement: number} | null} merged @param {boolean} isChosen @param {() => void} choose
 */
export function mergedRows(merged, isChosen, choose) {
  if (!merged) return [];
  return [element("button", {
    class: "answer-row", data: { answer: "merged" }, onclick: choose, attributes: { type: "button", "aria-pressed": String(isChosen) },
  }, element("span", { class: "answer-mark answer-mark-own", text: "0" }), element("span", { class: "answer-name", text: t("Together") }),
  element("span", { class: "answer-figure", text: t("{n} disputed", { n: `${Math.round(100 * merged.disagreement)} %` }) }))];
}

/**
 * What each answer says of the current point.
 * @param {PointsDesk} desk @param {Map<number, string>} names of parts
 * @param {(index: number) => void} choose
 */
export function pointRows(desk, names, choose) {
  const { current, data, choice } = desk;
  if (!current) return [];
  const { point, row, spread } = current;
  const source = choice.sourceOf(point.key);
  const title = element("h2", { text: t("{part}, point {n} of {total}", { part: names.get(point.part) ?? "", n: point.number, total: point.ofPart }) });
  const widest = element("p", { class: "quiet", text: spread.isSplit ? t("Not all placed it") : spread.cm === null ? "" : t("widest {cm}", { cm: centimetres(spread.cm) }) });
  const words = [t("placed"), t("cannot tell"), t("not this part")];
  const rows = data.answers.map((/** @type {any} */ answer, /** @type {number} */ index) =>
    element("button", {
      class: "answer-row", data: { point: String(index) }, onclick: () => choose(index),
      attributes: { type: "button", "aria-pressed": String(source.kind === "answer" && source.index === index) },
    }, swatch(index), element("span", { class: "answer-name", text: words[answer.status[row] - 1] }),
    element("span", { class: "answer-figure", text: distanceToChosen(desk, index, row) })));
  if (source.kind === "own") {
    const said = { placed: t("placed by you"), cannot_tell: t("cannot tell"), not_this_part: t("not this part") };
    rows.push(element("p", { class: "answer-row", attributes: { "aria-current": "true" } }, element("span", { class: "answer-mark answer-mark-own", text: "✓" }), said[source.answer.status]));
  }
  return [title, widest, ...rows];
}

/** @param {PointsDesk} desk @param {number} index @param {number} row */
function distanceToChosen({ data, choice, current }, index, row) {
  const source = choice.sourceOf(/** @type {any} */ (current).point.key);
  if (source.kind !== "answer" || source.index === index) return "";
  const pair = data.pairs.find((/** @type {any} */ { a, b }) => (a === index && b === source.index) || (b === index && a === source.index));
  return pair ? centimetres(pair.cm[row]) : "";
}

/**
 * @param {PointsDesk} desk @param {Map<number, string>} names @param {(part: number) => void} go
 */
export function distanceTable({ data, items, current }, names, go) {
  if (data.answers.length < 2) return [];
  if (!data.is_measured) return [element("p", { class: "quiet", text: t("The surface is being measured; distances come later.") })];
  const rows = spreadByPart(items.map(({ point }) => point.part), items.map(({ spread }) => spread));
  const head = element("tr", {}, element("th", { text: t("Between the answers") }), element("th", { class: "number", text: t("mean") }), element("th", { class: "number", text: t("worst") }));
  return [element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.map(({ part, mean, worst }) =>
    element("tr", { class: part === current?.point.part ? "is-current" : "" },
      element("td", {}, element("button", { class: "link-button", text: names.get(part) ?? "", attributes: { type: "button" }, onclick: () => go(part) })),
      element("td", { class: "number", text: centimetres(mean) }), element("td", { class: "number", text: centimetres(worst) })))))];
}

/** @param {PartsDesk} desk @param {Map<number, string>} names @param {(part: number) => void} go */
export function overlapTable({ prepared, at }, names, go) {
  if (prepared.overlaps.length === 0) return [];
  const head = element("tr", {}, element("th", { text: t("Between the answers") }), element("th", { class: "number", text: t("overlap") }));
  return [element("table", {}, element("thead", {}, head), element("tbody", {}, ...prepared.overlaps.map(({ part, overlap }, row) =>
    element("tr", { class: row === at ? "is-current" : "" },
      element("td", {}, element("button", { class: "link-button", text: names.get(part) ?? "", attributes: { type: "button" }, onclick: () => go(part) })),
      element("td", { class: "number", text: overlap.toFixed(2) })))))];
}

/** @param {{author: string, text: string}[]} comments */
export const commentRows = (comments) =>
  comments.map(({ author, text }) => element("p", { class: "comment" }, element("b", { text: author }), ` ${text}`));

/** Mean distance of one answer to the others, in cm. @param {any[]} pairs @param {number} index */
export function meanToOthers(pairs, index) {
  const cm = pairs.filter(({ a, b }) => a === index || b === index).flatMap((pair) => pair.cm.filter((/** @type {number | null} */ value) => value !== null));
  return cm.length ? centimetres(cm.reduce((/** @type {number} */ sum, /** @type {number} */ value) => sum + value, 0) / cm.length) : "";
}
