/** What can be done at either stage, and the usual keys for it. */

import { t } from "../core/strings.js";

/** @returns {import("../core/keys.js").Action[]} */
export function shellActions() {
  const group = t("Move on");
  return [
    { id: "submit", label: t("Submit"), group, keys: ["mod+enter"] },
    { id: "skip", label: t("Skip, with a reason"), group, keys: ["s"] },
    { id: "note", label: t("Leave a note"), group, keys: ["u"] },
    { id: "pause", label: t("Pause"), group, keys: ["k"] },
    { id: "reopen_last", label: t("Take back the last person"), group, keys: ["j"] },
    { id: "guide", label: t("Instructions"), group, keys: ["h"] },
    { id: "help", label: t("This sheet"), group, keys: ["?"] },
  ];
}
