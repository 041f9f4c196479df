// @ts-check
/** Behaviour that every page shares: menus that close, confirmations, copy buttons, dialogs. */

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
  const opener = target.closest("[data-dialog]");
  if (opener instanceof HTMLElement) {
    const dialog = document.getElementById(opener.dataset.dialog ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }
  const closer = target.closest("[data-close-dialog]");
  if (closer) closer.closest("dialog")?.close();
  const copier = target.closest("[data-copy]");
  if (copier instanceof HTMLElement) copy(copier);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  }
});

// Whoever signs in next may be another: pages that the workbench keeps for hours without a server are of who was here before.
if (document.querySelector("[data-forget-pages]")) globalThis.caches?.delete("workbench-pages").catch(() => {});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const control = /** @type {Element} */ (event.target);
  if (control.closest("[data-submit-on-change]")) control.closest("form")?.requestSubmit();
});

/** @param {HTMLElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!(source instanceof HTMLInputElement)) return;
  source.select();
  await navigator.clipboard.writeText(source.value);
  const word = button.textContent;
  button.textContent = button.dataset.copied ?? word;
  setTimeout(() => { button.textContent = word; }, 1500);
}
