// @ts-check
/** The page of one image: wires people, canvas, list and keys. */

import { config } from "../api.js";
import { Canvas } from "./canvas.js";
import { moved, resized, rounded } from "./geometry.js";
import { People } from "./people.js";

/** @typedef {import("./people.js").Person} Person */
/** @typedef {import("./people.js").Addresses & {width: number, height: number, may_correct: boolean, may_delete: boolean}} Config */

const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
});

/** @type {Config} */
const settings = config("boxes-config");
const { words } = settings;
const stage = /** @type {HTMLElement} */ (document.querySelector("[data-stage]"));
const list = /** @type {HTMLElement} */ (document.querySelector("[data-list]"));
const row = /** @type {HTMLTemplateElement} */ (document.querySelector("[data-row]"));
const status = /** @type {HTMLElement} */ (document.querySelector("[data-status]"));
const people = new People(settings);
/** @type {number | null} */
let chosen = Number(/^#person-(\d+)$/.exec(location.hash)?.[1]) || null;

const canvas = new Canvas(/** @type {SVGSVGElement} */ (stage.querySelector("[data-canvas]")), settings, {
  choose,
  preview: (id, box) => people.preview(id, { box }),
  settle: (id, box) => people.change(id, { box }),
  draw: async (box) => choose((await people.add(box))?.id ?? null),
  tooSmall: () => tell(words.too_small, true),
});

/** @param {number | null} id */
function choose(id) {
  chosen = id;
  show();
}

/** @param {string} text @param {boolean} isBad */
function tell(text, isBad) {
  status.textContent = text;
  status.classList.toggle("is-bad", isBad);
}

function show() {
  canvas.draw(people.list, chosen);
  list.replaceChildren(...people.list.map(listed));
}

/** @param {Person} person @param {number} index */
function listed(person, index) {
  const item = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (row.content.cloneNode(true)).firstElementChild);
  item.classList.toggle("is-chosen", person.id === chosen);
  const name = /** @type {HTMLButtonElement} */ (item.querySelector("[data-choose]"));
  name.textContent = `${words.person} ${index + 1}`;
  name.addEventListener("click", () => choose(person.id));
  const confirm = /** @type {HTMLButtonElement | null} */ (item.querySelector("[data-confirm-person]"));
  if (confirm) confirm.hidden = !person.is_proposed;
  confirm?.addEventListener("click", () => people.change(person.id, { is_proposed: false }));
  for (const box of item.querySelectorAll("input")) {
    const flag = /** @type {"is_crowd" | "is_ignored"} */ (box.dataset.flag);
    box.checked = person[flag];
    box.addEventListener("change", () => people.change(person.id, { [flag]: box.checked }));
  }
  item.querySelector("[data-delete]")?.addEventListener("click", () => remove(person.id));
  return item;
}

/** @param {number} id */
async function remove(id) {
  if (chosen === id) chosen = null;
  const gone = await people.remove(id);
  if (!gone || people.find(id)) return;
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "link-button";
  undo.textContent = words.undo;
  undo.addEventListener("click", () => people.restore(gone));
  status.replaceChildren(`${words.deleted} `, undo);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const person = people.list.find((one) => one.id === chosen);
  if (event.key === "Tab" && people.list.length) {
    const at = people.list.findIndex((one) => one.id === chosen) + (event.shiftKey ? -1 : 1);
    // Past the last person, Tab leaves the image as it would any control.
    if (at < 0 || at >= people.list.length) { choose(null); return; }
    choose(people.list[at].id);
  } else if (person && settings.may_delete && (event.key === "Delete" || event.key === "Backspace")) remove(person.id);
  else if (event.key === "Escape") choose(null);
  else if (person && settings.may_correct && event.key in ARROWS) {
    const step = event.ctrlKey ? 10 : 1;
    const [dx, dy] = ARROWS[event.key].map((one) => one * step);
    const box = event.shiftKey ? resized(person.box, "se", dx, dy, settings) : moved(person.box, dx, dy, settings);
    people.change(person.id, { box: rounded(box) });
  } else return;
  event.preventDefault();
}

/** A single press instead of a drag: a box in the middle, then moved and resized by keys. */
function addInTheMiddle() {
  const { width, height } = settings;
  people.add(rounded([width * 0.35, height * 0.2, width * 0.3, height * 0.6])).then((person) => {
    choose(person?.id ?? null);
    stage.focus();
  });
}

people.addEventListener("change", show);
people.addEventListener("told", (event) => {
  const { text, isBad } = /** @type {CustomEvent} */ (event).detail;
  tell(text, isBad);
});
stage.addEventListener("keydown", onKey);
document.querySelector("[data-add]")?.addEventListener("click", addInTheMiddle);
people.load().catch(() => tell(words.offline, true));
