/** What the bench's keys do at both stages. */

import { t } from "../../annotator/workbench/core/strings.js";

const MAX_ANSWERS = 6;

/** @returns {import("../../annotator/workbench/core/keys.js").Action[]} */
export function benchActions() {
  const [choose, decide, move] = [t("Choose"), t("Decide"), t("Move on")];
  const digits = Array.from({ length: MAX_ANSWERS }, (_, i) => i + 1);
  const pick = (/** @type {string} */ kind, /** @type {string} */ shift, /** @type {string} */ label) => digits.map((n) => ({
    id: `${kind}-${n}`, label, group: choose, keys: [`${shift}${n}`], isFixed: true, isHidden: n > 1,
    helpKeys: `${shift ? "⇧ " : ""}1 – ${MAX_ANSWERS}`,
  }));
  return [
    ...pick("point", "", t("This answer, here")),
    ...pick("answer", "shift+", t("This answer for the whole person")),
    { id: "merged", label: t("The answers together, for the whole person"), group: choose, keys: ["0"] },
    { id: "accept", label: t("Accept what is chosen"), group: decide, keys: ["enter"] },
    { id: "send-back", label: t("Send back with a note"), group: decide, keys: ["b"] },
    { id: "another", label: t("Ask one more annotator"), group: decide, keys: ["o"] },
    { id: "workbench", label: t("Place a better one in the workbench"), group: decide, keys: ["w"] },
    { id: "comment", label: t("Comment"), group: decide, keys: ["c"] },
    { id: "next-case", label: t("Next case"), group: move, keys: ["arrowright"] },
    { id: "previous-case", label: t("Case before"), group: move, keys: ["arrowleft"] },
    { id: "help", label: t("This sheet"), group: move, keys: ["?"] },
  ];
}
