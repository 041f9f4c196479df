/**
 * The parts workbench's own things in one place: the document with its history, the tools, the cursor, and the ways to edit and to
 * choose that commands, pointer and panels share. It draws nothing itself; it says what changed.
 */

import { History } from "../core/history.js";
import { t } from "../core/strings.js";
import { Viewport } from "../core/viewport.js";
import { CellHelper } from "./cell-helper.js";
import { Cursor } from "./cursor.js";
import { Edges } from "./edges/edges.js";
import { PART_BITS } from "./cells.js";
import { sizeOfDelta } from "./label-document.js";
import { PartOrder } from "./part-order.js";
import { makeState } from "./state.js";
import { LassoTool, PolygonTool } from "./tools/areas.js";
import { BrushTool } from "./tools/brush.js";
import { FillTool, MoveTool } from "./tools/click.js";
import { MagneticTool, RegionTool } from "./tools/edges.js";

/** @typedef {import("../ui/shell.js").ShellForStage} ShellForStage */
/** @typedef {import("../core/viewport.js").Point} Point */
/** @typedef {import("./tools/tool.js").Tool} Tool */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */
/** @typedef {import("./label-document.js").Delta} Delta */

/**
 * @typedef {object} DeskEvents
 * @property {() => void} edited cells or decisions are others
 * @property {() => void} painted cells changed, the edit is still under way
 * @property {() => void} marked only what follows the pointer
 * @property {() => void} historyMoved
 */

export class Desk {
  viewport = new Viewport({ padding: 4 });
  cursor = new Cursor();
  edges;
  cells;
  order;
  state;
  mirrors;
  shell;
  /** @type {LabelDocument | null} */
  document = null;
  /** @type {History<Delta>} */
  history;
  #events;
  /** @type {Map<string, Tool>} */
  #tools;

  /** @param {ShellForStage} shell @param {DeskEvents} events @param {{edgeWorker?: string, cellWorker?: string}} workers their addresses */
  constructor(shell, events, { edgeWorker, cellWorker = "" }) {
    const { parts, work_order, user } = shell.config;
    this.shell = shell;
    this.#events = events;
    this.order = new PartOrder(parts, work_order);
    this.mirrors = new Map(parts.map((part) => [part.number, part.mirror]));
    this.state = makeState(user.settings, work_order[0]);
    this.edges = new Edges(edgeWorker);
    this.cells = new CellHelper(cellWorker);
    this.history = this.newHistory();
    const bench = this.#bench();
    this.#tools = new Map(
      [
        new MoveTool(bench), new BrushTool(bench), new BrushTool(bench, { isEraser: true }), new PolygonTool(bench), new LassoTool(bench),
        new FillTool(bench, { open: t("Nothing encloses this place.") }), new MagneticTool(bench, this.edges),
        new RegionTool(bench, this.edges, { isCoarse: () => this.state.state.isCoarse, preparing: t("Edges are being prepared. A few seconds.") }),
      ].map((/** @type {Tool} */ tool) => [tool.name, tool]),
    );
  }

  get part() {
    return this.state.state.part;
  }

  get tool() {
    return /** @type {Tool} */ (this.#tools.get(this.state.state.tool));
  }

  /** A history for another document. @returns {History<Delta>} */
  newHistory() {
    const history = new History({
      apply: (/** @type {Delta} */ delta, direction) => {
        this.document?.apply(delta, direction);
        this.#events.edited();
        this.shell.changed();
      },
      keeper: this.shell.historyKeeper(),
      sizeOf: sizeOfDelta,
    });
    history.watch(() => this.#events.historyMoved());
    return history;
  }

  /** End an edit: one entry of the history, one change to save. */
  commit() {
    const delta = this.document?.commit();
    if (delta) {
      this.history.push(delta);
      this.shell.changed();
    }
    this.#events.edited();
  }

  /** @param {(document: LabelDocument) => void} change */
  edit(change) {
    if (!this.document) return;
    change(this.document);
    this.commit();
  }

  /**
   * Smooth or tidy the current part, beside the page. What was painted meanwhile is not painted over: it is worked out again.
   * @param {"smooth" | "clean"} kind
   * @returns {Promise<number | null>} how many places; null: another person came meanwhile
   */
  async rework(kind) {
    const { document, part } = this;
    while (document && document === this.document) {
      const { version, committed: cells, width, height } = document;
      const { runs, count } = await this.cells.ask(kind, { cells, width, height, part });
      if (document !== this.document || document.version !== version || document.isTouched) continue;
      this.edit(() => document.paintRuns(runs));
      return count;
    }
    return null;
  }

  /** @param {number} part */
  pick(part) {
    // The part of a stroke under way is settled.
    if (this.tool.isBusy && this.tool.name !== "polygon" && this.tool.name !== "magnetic") return;
    this.state.set({ part });
  }

  /** @param {Point | null} at image pixels */
  pickAt(at) {
    const value = at && this.document ? this.document.valueAt(at.x, at.y) : 0;
    if (value) this.pick(value & PART_BITS);
  }

  toNextOpen() {
    const next = this.document ? this.order.nextOpen(this.document, this.part) : undefined;
    if (next !== undefined) this.pick(next);
    else this.shell.messages.say(t("All parts are decided. Submit when you like."));
  }

  /** @param {string} name */
  chooseTool(name) {
    if (this.tool.isBusy) this.tool.cancel();
    this.cursor.isPressed = false;
    if (name === "edges") this.edges.prepare();
    this.state.set({ tool: name });
    this.tool.leave?.();
  }

  /** Give up what is under way. */
  cancel() {
    this.cursor.isPressed = false;
    if (this.tool.isBusy) this.tool.cancel();
    this.#events.marked();
  }

  /** The image point under the cursor. @returns {Point | null} */
  get cursorPoint() {
    const { at } = this.cursor;
    return at ? this.viewport.toImage(at.x, at.y) : null;
  }

  /** The number of the part under the cursor; 0: none. */
  get partUnderCursor() {
    const at = this.cursorPoint;
    return at && this.document ? this.document.valueAt(at.x, at.y) & PART_BITS : 0;
  }

  /** @param {Point | null} at screen pixels @param {boolean} isQuiet no tag just now */
  placeCursor(at, isQuiet) {
    this.cursor.moveTo(at, { isQuiet: isQuiet || this.tool.name === "move", width: this.viewport.width });
  }

  /** A short word that everyone sees and hears. @param {string} text */
  tell(text) {
    this.shell.messages.show("tool", { icon: "note", title: text, forMs: 2500 });
  }

  /** @returns {import("./tools/tool.js").Bench} */
  #bench() {
    return {
      document: () => this.document,
      part: () => this.part,
      radius: () => this.state.state.brushPx / 2 / this.viewport.scale,
      rule: (at) => this.#ruleAt(at),
      viewport: () => this.viewport,
      edited: () => this.#events.painted(),
      moved: () => this.#events.marked(),
      commit: () => this.commit(),
      picked: (part) => this.pick(part),
      say: (text) => this.tell(text),
    };
  }

  /** @param {Point} at @returns {import("./label-document.js").Rule} */
  #ruleAt(at) {
    const { rule } = this.state.state;
    if (rule === "part") return { kind: "part", part: (this.document?.valueAt(at.x, at.y) ?? 0) & PART_BITS };
    return { kind: rule };
  }
}
