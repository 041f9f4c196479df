// @ts-check
/** Upload of many images or a zip: dropped or chosen, sent three at a time, each with its progress and its end. */

import { config, cookie } from "./api.js";

/** @typedef {{upload_url: string, archive_url: string, job_url: string, image_url: string, csrf_cookie: string,
 *   max_image_bytes: number, max_archive_bytes: number, words: Record<string, string>}} Config */
/** @typedef {{file: File, row: HTMLElement, sent: number, isOver: boolean}} Item */

const AT_ONCE = 3;
const LOOK_EVERY_MS = 1000;
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** @type {Config} */
const settings = config("upload-config");
const { words } = settings;
/** @template {Element} T @param {string} hook @returns {T} */
const part = (hook) => /** @type {T} */ (document.querySelector(`[data-${hook}]`));
const drop = /** @type {HTMLElement} */ (part("drop"));
const files = /** @type {HTMLInputElement} */ (part("files"));
const rows = /** @type {HTMLElement} */ (part("rows"));
const total = /** @type {HTMLProgressElement} */ (part("total"));
/** @type {Item[]} */
const items = [];
/** @type {Item[]} */
const waiting = [];
let sending = 0;

/** @param {FileList | File[]} chosen */
function take(chosen) {
  part("results").removeAttribute("hidden");
  for (const file of chosen) {
    const row = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (
      /** @type {HTMLTemplateElement} */ (part("row")).content.cloneNode(true)).firstElementChild);
    /** @type {HTMLElement} */ (row.querySelector("[data-name]")).textContent = file.name;
    const item = { file, row, sent: 0, isOver: false };
    rows.append(row);
    items.push(item);
    const limit = isArchive(file) ? settings.max_archive_bytes : settings.max_image_bytes;
    if (file.size > limit) end(item, "bad", words.too_large, `> ${limit >> 20} MB`);
    else { mark(item, "", words.waiting); waiting.push(item); }
  }
  sendNext();
}

/** @param {File} file */
function isArchive(file) {
  return file.name.toLowerCase().endsWith(".zip") || file.type.includes("zip");
}

function sendNext() {
  while (sending < AT_ONCE && waiting.length) {
    sending += 1;
    send(/** @type {Item} */ (waiting.shift())).finally(() => { sending -= 1; sendNext(); });
  }
  showTotal();
}

/** @param {Item} item @returns {Promise<void>} */
function send(item) {
  const form = new FormData();
  form.append("file", item.file, item.file.name);
  form.append("split", /** @type {HTMLSelectElement} */ (part("split")).value);
  const isZip = isArchive(item.file);
  if (!isZip) form.append("group", /** @type {HTMLInputElement} */ (part("group")).value);
  return new Promise((resolve) => {
    // fetch cannot tell how much of a body has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", isZip ? settings.archive_url : settings.upload_url);
    request.setRequestHeader("X-CSRFToken", cookie(settings.csrf_cookie));
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      item.sent = event.loaded / Math.max(event.total, 1);
      mark(item, "accent", `${Math.round(100 * item.sent)} %`);
      showTotal();
    });
    request.addEventListener("load", () => { answered(item, request.status, request.response, isZip); resolve(); });
    request.addEventListener("error", () => { offerAgain(item); resolve(); });
    request.send(form);
  });
}

/** @param {Item} item @param {number} status @param {any} answer @param {boolean} isZip */
function answered(item, status, answer, isZip) {
  if (status === 202 && isZip) follow(item, answer.id);
  else if (status === 200 || status === 201) {
    const link = document.createElement("a");
    link.className = "link";
    link.href = settings.image_url.replace(/0$/, String(answer.id));
    link.textContent = words.draw;
    end(item, status === 201 ? "ok" : "", status === 201 ? words.added : words.known, link);
  } else end(item, "bad", words.refused, fieldMessage(answer) ?? `HTTP ${status}`);
}

/** @param {any} answer @returns {string | undefined} */
function fieldMessage(answer) {
  return answer?.message;
}

/** Follow the job that unpacks an archive to its end. @param {Item} item @param {string} id */
async function follow(item, id) {
  for (;;) {
    const answer = await fetch(settings.job_url.replace(NO_ID, id), { credentials: "same-origin" }).catch(() => null);
    const job = answer?.ok ? await answer.json() : null;
    if (job?.state === "done") {
      const { added, known, n_refused, refused } = job.result;
      const text = words.archive_done.replace("{added}", added).replace("{known}", known).replace("{refused}", n_refused);
      const reasons = refused.slice(0, 5).map((/** @type {{name: string, reason: string}} */ one) => `${one.name}: ${one.reason}`);
      end(item, n_refused ? "warn" : "ok", words.added, [text, ...reasons].join("\n"));
      return;
    }
    if (job && (job.state === "failed" || job.state === "cancelled")) {
      end(item, "bad", words.refused, job.error || job.message);
      return;
    }
    mark(item, "accent", words.unpacking, job?.progress_total ? `${job.progress_done} / ${job.progress_total}` : "");
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** @param {Item} item */
function offerAgain(item) {
  const again = document.createElement("button");
  again.type = "button";
  again.className = "link-button";
  again.textContent = words.again;
  again.addEventListener("click", () => { item.isOver = false; waiting.push(item); sendNext(); });
  end(item, "bad", words.offline, again);
}

/** @param {Item} item @param {string} colour @param {string} word @param {string | Node} [note] */
function mark(item, colour, word, note = "") {
  const chip = /** @type {HTMLElement} */ (item.row.querySelector("[data-state]"));
  chip.className = colour ? `chip chip-${colour}` : "chip";
  chip.textContent = word;
  item.row.querySelector("[data-note]")?.replaceChildren(note);
}

/** @param {Item} item @param {string} colour @param {string} word @param {string | Node} [note] */
function end(item, colour, word, note) {
  item.isOver = true;
  mark(item, colour, word, note);
  showTotal();
}

function showTotal() {
  const over = items.filter((item) => item.isOver).length;
  total.max = Math.max(items.length, 1);
  total.value = items.reduce((sum, item) => sum + (item.isOver ? 1 : 0.95 * item.sent), 0);
  part("summary").textContent = `${over} / ${items.length}`;
}

files.addEventListener("change", () => { take(files.files ?? []); files.value = ""; });
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
}
drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  take(event.dataTransfer?.files ?? []);
});
window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
