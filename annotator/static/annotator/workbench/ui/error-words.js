/** What an error of the API says to a person: the server's own words where it answered at all. */

import { t } from "../core/strings.js";

/** @param {import("../core/api.js").ApiError} error @returns {string} */
export function wordsOf(error) {
  return error.kind === "offline" ? t("The server cannot be reached just now.") : error.message;
}
