/** The page as the browser sees it: looked at, left, back on the line; and the name of this browser. */

import { newUuid } from "../core/outbox.js";

/**
 * @param {object} events
 * @param {() => void} events.touched someone does something: a key, a pointer, a wheel
 * @param {() => void} events.eachSecond
 * @param {() => void} events.online
 * @param {() => void} events.hidden
 * @param {() => void} events.shown looked at again, perhaps after hours
 * @param {() => void} events.left
 */
export function listenToPage({ touched, eachSecond, online, hidden, shown, left }) {
  for (const type of ["pointerdown", "pointermove", "wheel", "keydown"]) {
    addEventListener(type, touched, { passive: true, capture: true });
  }
  setInterval(eachSecond, 1000);
  addEventListener("online", online);
  document.addEventListener("visibilitychange", () => (document.hidden ? hidden() : shown()));
  document.addEventListener("resume", shown);
  addEventListener("pagehide", left);
  document.addEventListener("click", leaveButton);
}

/**
 * A button that was clicked by pointer keeps no keys: Enter is the workbench's again, and does not press the button once more.
 * @param {MouseEvent} event
 */
function leaveButton({ target, detail }) {
  const button = target instanceof Element ? target.closest("button, summary") : null;
  if (detail > 0 && button instanceof HTMLElement && !button.closest("dialog, form")) button.blur();
}

/** A name for this browser, one for all of its windows, that outlives a crash. @returns {string} */
export function browserId() {
  const key = "workbench-browser";
  const kept = localStorage.getItem(key) ?? newUuid();
  localStorage.setItem(key, kept);
  return kept;
}
