/** The rail of tools, every button with data-action, and the words at the cursor: they show the desk's state and ask for actions. */

import { t } from "../core/strings.js";
import { ruleWords } from "./foot-bar.js";

/** @typedef {import("./desk.js").Desk} Desk */

export class ToolBar {
  /** @type {(id: string) => void} */
  onAction = () => {};
  #desk;
  /** @type {HTMLElement[]} */
  #tools = [...document.querySelectorAll("[data-tool]")].map((button) => /** @type {HTMLElement} */ (button));

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    document.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("button[data-action], button[data-tool]"));
      // Rows of the key sheet carry their action's id too; they are no orders.
      if (!button || button.closest("dialog")) return;
      this.onAction(button.dataset.action ?? `tool_${button.dataset.tool}`);
    });
    for (const button of this.#tools) button.addEventListener("keydown", (event) => this.#onArrow(event));
  }

  showTool() {
    const { state, cursor } = this.#desk;
    const { tool, brushPx, show } = state.state;
    for (const button of this.#tools) {
      const isChosen = button.dataset.tool === tool;
      button.setAttribute("aria-checked", String(isChosen));
      button.setAttribute("tabindex", isChosen ? "0" : "-1");
    }
    document.querySelector('[data-action="toggle_hint"]')?.setAttribute("aria-pressed", String(show.hint));
    cursor.setRadius(tool === "brush" || tool === "eraser" ? brushPx / 2 : 0);
    this.showTag();
  }

  showTag() {
    const { state, order, cursor, partUnderCursor } = this.#desk;
    const { rule, tool, part, isCoarse } = state.state;
    const over = rule === "part" && partUnderCursor ? order.part(partUnderCursor).name : "";
    const { colour, name } = order.part(part);
    if (tool === "eraser") cursor.setTag({ colour: "transparent", name: t("Eraser"), rule: rule === "part" ? ruleWords(rule, over) : "" });
    else if (tool === "edges") cursor.setTag({ colour, name, rule: `${isCoarse ? t("large regions") : t("small regions")} · ${ruleWords(rule, over)}` });
    else cursor.setTag({ colour, name, rule: ruleWords(rule, over) });
  }

  /** @param {{canUndo: boolean, canRedo: boolean}} history */
  showHistory({ canUndo, canRedo }) {
    for (const [action, isPossible] of /** @type {[string, boolean][]} */ ([["undo", canUndo], ["redo", canRedo]])) {
      for (const button of document.querySelectorAll(`[data-action="${action}"]`)) /** @type {HTMLButtonElement} */ (button).disabled = !isPossible;
    }
  }

  /** Up and down choose the neighbouring tool, as in any group of radio buttons. @param {KeyboardEvent} event */
  #onArrow(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = this.#tools.indexOf(/** @type {HTMLElement} */ (event.currentTarget));
    const next = this.#tools[(at + step + this.#tools.length) % this.#tools.length];
    this.onAction(`tool_${next.dataset.tool}`);
    next.focus();
  }
}
