// @ts-check
/** Choosing tasks in the inbox: all of the page at once, a range with Shift, how many there are; acts wait for one. */

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-inbox]"));
const boxes = /** @type {HTMLInputElement[]} */ ([...(form?.querySelectorAll("input[name=task]") ?? [])]);
const all = /** @type {HTMLInputElement | null} */ (form?.querySelector("[data-all]") ?? null);
const told = /** @type {HTMLElement | null} */ (form?.querySelector("[data-chosen]") ?? null);
const nothing = told?.textContent ?? "";
const acts = /** @type {HTMLButtonElement[]} */ ([...(form?.querySelectorAll("button[name=act]") ?? [])]);
let last = -1;

boxes.forEach((box, at) => box.addEventListener("click", (event) => {
  if (event.shiftKey && last >= 0) {
    for (let i = Math.min(at, last); i <= Math.max(at, last); i += 1) boxes[i].checked = box.checked;
  }
  last = at;
  tell();
}));
all?.addEventListener("change", () => {
  for (const box of boxes) box.checked = all.checked;
  tell();
});

function tell() {
  const n = boxes.filter((box) => box.checked).length;
  if (all) {
    all.checked = n > 0 && n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
  }
  for (const act of acts) act.disabled = n === 0;
  if (told) told.textContent = n ? (told.dataset.words ?? "").replace("{n}", String(n)) : nothing;
}

// Also on the way back to the page, when the browser restores what was chosen.
addEventListener("pageshow", tell);
