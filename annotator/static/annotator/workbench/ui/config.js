/** What the page says of itself: its json_script, and the addresses that its template knows. */

import { readJson } from "./dom.js";

/** @typedef {{number: number, key: string, name: string, limb: string, side: "right" | "left" | null, mirror: number, digit: number, colour: string, neighbours: number[]}} Part */

/**
 * @typedef {object} Config json_script "workbench-config"
 * @property {string} api
 * @property {{id: number, name: string}} project
 * @property {"parts" | "correspondence"} stage
 * @property {string} csrf_cookie
 * @property {string} home_url
 * @property {string} sign_in_url
 * @property {string} [lease] open this lease first
 * @property {string} [back] where to go when it is handed in; without it, to the next work
 * @property {{id?: number, name: string, username: string, key_bindings: Record<string, any>, settings: Record<string, any>}} user
 * @property {Part[]} parts
 * @property {number[]} work_order
 * @property {Record<string, string>} view_words what views and their edges are called, by English name
 */

/** @returns {Config} */
export function readConfig() {
  const raw = readJson("workbench-config");
  const { homeUrl, signInUrl, username } = document.body.dataset;
  return {
    ...raw,
    home_url: raw.back || (raw.home_url ?? homeUrl ?? "/"),
    sign_in_url: raw.sign_in_url ?? signInUrl ?? "/sign-in",
    user: {
      ...raw.user,
      username: raw.user.username || username || raw.user.name,
      key_bindings: raw.user.key_bindings ?? raw.key_bindings ?? {},
      settings: raw.user.settings ?? raw.workbench_settings ?? {},
    },
  };
}
