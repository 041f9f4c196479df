/** Sign in again in place: the site's own sign-in page takes the form, the workbench stays as it is. */

import { t } from "../core/strings.js";
import { element } from "./dom.js";

/**
 * @param {object} options
 * @param {import("../core/api.js").Api} options.api
 * @param {string} options.signInUrl
 * @param {{id?: number, username: string}} options.user
 * @param {() => void} options.onDone
 * @param {() => void} options.onLater not now
 * @param {string} [options.laterLabel]
 * @returns {HTMLFormElement}
 */
export function loginForm({ api, signInUrl, user, onDone, onLater, laterLabel = t("Keep working") }) {
  const name = element("input", { attributes: { name: "username", autocomplete: "username", required: true, value: user.username } });
  const password = element("input", { attributes: { name: "password", type: "password", autocomplete: "current-password", required: true } });
  const problem = element("p", { class: "form-problem", attributes: { role: "alert" } });
  const button = element("button", { class: "button button-primary", attributes: { type: "submit" } }, t("Log in"), element("kbd", { text: "↵" }));
  const later = element("button", { class: "button button-quiet", text: laterLabel, attributes: { type: "button" }, onclick: onLater });
  const form = element("form", { class: "login-form" },
    element("label", {}, element("span", { text: t("Name") }), name),
    element("label", {}, element("span", { text: t("Password") }), password),
    problem,
    element("div", { class: "message-actions" }, button, later));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = await signIn(api, signInUrl, name.value, password.value, user.id);
    button.disabled = false;
    if (problem.textContent === "") onDone();
    else password.select();
  });
  return form;
}

/**
 * @param {import("../core/api.js").Api} api
 * @param {string} url
 * @param {string} username
 * @param {string} password
 * @param {number | undefined} expectedId
 * @returns {Promise<string>} what went wrong, or ""
 */
async function signIn(api, url, username, password, expectedId) {
  try {
    // The page brings a fresh CSRF cookie, should that have gone too.
    await fetch(url, { credentials: "same-origin" });
    const body = new URLSearchParams({ username, password, csrfmiddlewaretoken: api.csrfToken });
    await fetch(url, { method: "POST", body, credentials: "same-origin", headers: { "X-CSRFToken": api.csrfToken } });
  } catch {
    return t("The server cannot be reached just now.");
  }
  try {
    const account = await api.get("me");
    if (expectedId !== undefined && account.id !== undefined && account.id !== expectedId) return t("That is another account. The work here belongs to the first one.");
    return "";
  } catch {
    return t("Name and password do not fit together.");
  }
}
