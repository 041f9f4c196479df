/** The parts workbench: wires document, tools, renderer and panels to the shell. Every edit goes through `commit`. */

import { History } from "../core/history.js";
import { packLabelMap, unpackLabelMap } from "../core/label-map.js";
import { t } from "../core/strings.js";
import { Viewport } from "../core/viewport.js";
import { hook } from "../ui/dom.js";
import { partsActions } from "./actions.js";
import { hasLabels, partsWithHints, specks } from "./checks.js";
import { Cursor } from "./cursor.js";
import { clearPart, finishPart, markNotVisible, swapPerson, swapRegion, takeAllHints } from "./edits.js";
import { FootBar, ruleWords } from "./foot-bar.js";
import { HINT, LabelDocument, PART_BITS, sizeOfDelta } from "./label-document.js";
import { PointerInput } from "./pointer.js";
import { Renderer } from "./renderer.js";
import { SidePanel, stateOf } from "./side-panel.js";
import { KEPT, makeState } from "./state.js";
import { BrushTool, FillTool, LassoTool, MoveTool, PolygonTool } from "./tools.js";

/** @typedef {import("../ui/shell.js").ShellForStage} ShellForStage */
/** @typedef {import("../ui/shell.js").Stage} Stage */
/** @typedef {import("../ui/shell.js").Part} Part */
/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../core/viewport.js").Point} Point */

const ARROW_PX = 4;
const ARROW_BIG_PX = 24;

/** @implements {Stage} */
export class PartsStage {
  actions = partsActions();
  #shell;
  /** @type {Map<number, Part>} */
  #parts;
  #mirrors;
  #order;
  #state;
  #viewport = new Viewport({ padding: 4 });
  #renderer;
  #panel;
  #foot;
  #cursor = new Cursor();
  #pane = hook("pane");
  /** @type {Map<string, import("./tools.js").Tool>} */
  #tools;
  #pointer;
  /** @type {LabelDocument | null} */
  #document = null;
  /** Shown instead of one's own while two versions are compared. @type {LabelDocument | null} */
  #peeked = null;
  /** @type {History<import("./label-document.js").Delta>} */
  #history;
  /** @type {Work | null} */
  #work = null;
  /** @type {{version: number, draft: Promise<any>} | null} */
  #packed = null;
  #isSpaceHeld = false;

  /** @param {ShellForStage} shell */
  constructor(shell) {
    this.#shell = shell;
    const { parts, work_order, user } = shell.config;
    this.#parts = new Map(parts.map((part) => [part.number, part]));
    this.#mirrors = new Map(parts.map((part) => [part.number, part.mirror]));
    this.#order = work_order;
    this.#state = makeState(user.settings, work_order[0]);
    this.#history = this.#newHistory();
    this.#renderer = new Renderer(this.#viewport, new Map(parts.map((part) => [part.number, part.colour])));
    this.#panel = new SidePanel(parts, (part) => this.#pick(part));
    this.#foot = new FootBar(this.#state);
    const bench = this.#bench();
    this.#tools = new Map([new MoveTool(bench), new BrushTool(bench), new BrushTool(bench, { isEraser: true }), new PolygonTool(bench), new LassoTool(bench), new FillTool(bench, { open: t("Nothing encloses this place.") })].map((tool) => [tool.name, tool]));
    this.#pointer = new PointerInput(this.#pane, this.#viewport, this.#pointerTarget());
    this.#renderer.addCursor((context) => this.#tool.draw?.(context));
    this.#renderer.addCursor((context) => this.#cursor.draw(context));
    this.#listen();
  }

  // What the shell asks for.

  /** @param {Bundle} bundle */
  async prepare({ crop, suggestion }) {
    return suggestion ? unpackLabelMap(suggestion.label_map, crop.width, crop.height) : null;
  }

  /** @param {Work} work */
  async open(work) {
    this.#work = work;
    const { crop, box, lease } = work.bundle;
    this.#history = this.#newHistory();
    const labelDocument = await this.#documentOf(work.draft, work.bundle, work.prepared);
    if (work !== this.#work) return;
    this.#history.restore(work.entries.map(({ delta }) => delta), work.position, work.entries[0]?.index ?? 0);
    this.#history.watch(() => this.#showHistory());
    this.#measure();
    this.#viewport.setImage(crop.width, crop.height);
    const boxInCrop = { x: box[0] - crop.x, y: box[1] - crop.y, width: box[2], height: box[3] };
    this.#document = labelDocument;
    this.#peeked = null;
    this.#renderer.show(labelDocument, work.image, boxInCrop);
    this.#panel.turn(facesAway(work.bundle.keypoints));
    const kept = Number(sessionStorage.getItem(`workbench:part:${lease.id}`));
    this.#state.set({ part: this.#parts.has(kept) ? kept : this.#firstOpen() });
    this.#edited();
    this.#showHistory();
    this.#renderer.flush();
  }

  close() {
    this.#document = null;
    this.#renderer.show(null, null, null);
  }

  draft() {
    const labelDocument = this.#document;
    if (!labelDocument) return Promise.resolve(null);
    if (this.#packed?.version !== labelDocument.version || this.#packedOf !== labelDocument) {
      this.#packed = { version: labelDocument.version, draft: packDraft(labelDocument) };
      this.#packedOf = labelDocument;
    }
    return this.#packed.draft;
  }
  /** @type {LabelDocument | null} */
  #packedOf = null;

  answer() {
    return this.draft();
  }

  /** @param {any} draft */
  async peek(draft) {
    const { bundle, image } = /** @type {Work} */ (this.#work);
    this.#peeked = draft ? await this.#documentOf(draft, bundle, null) : null;
    const shown = this.#peeked ?? this.#document;
    const { box, crop } = bundle;
    this.#renderer.show(shown, image, { x: box[0] - crop.x, y: box[1] - crop.y, width: box[2], height: box[3] });
    if (shown) this.#panel.update(shown, this.#state.state.part);
  }

  /** @param {any} draft */
  async replace(draft) {
    const { bundle } = /** @type {Work} */ (this.#work);
    this.#document = await this.#documentOf(draft, bundle, null);
    this.#history.clear();
    await this.peek(null);
    this.#edited();
  }

  checks() {
    const labelDocument = this.#document;
    if (!labelDocument || !hasLabels(labelDocument)) return { missing: t("Nothing is painted yet"), asks: [] };
    const asks = [];
    const hinted = partsWithHints(labelDocument);
    if (hinted.length > 0) {
      const names = hinted.map((part) => this.#parts.get(part)?.name).join(", ");
      asks.push({ title: t("Hints left unchecked, not handed in: {parts}", { parts: names }), show: () => this.#pick(hinted[0], true) });
    }
    const small = specks(labelDocument);
    if (small.length > 0) {
      const text = small.length === 1 ? t("1 speck, far smaller than its part") : t("{n} specks, far smaller than their parts", { n: small.length });
      asks.push({ title: text, show: () => { this.#viewport.zoomTo(small[0].rect, 3); this.#pick(small[0].part); } });
    }
    return { missing: null, asks };
  }

  /** @param {string} id @param {KeyboardEvent | null} event @param {"press" | "release"} phase @returns {boolean | void} */
  run(id, event, phase) {
    if (id === "peek") return this.#holdSpace(phase === "press");
    if (phase === "release") return;
    const labelDocument = this.#document;
    if (!labelDocument || this.#peeked) return false;
    if (id === "done_next" && this.#tool.isBusy && this.#tool.key?.("finish")) return;
    if (id === "clear" && this.#tool.isBusy && this.#tool.key?.("back")) return;
    if (id.startsWith("tool_")) return this.#choose(id.slice(5));
    if (id.startsWith("digit_")) return this.#pickDigit(Number(id.slice(6)));
    if (id.startsWith("arrow")) return this.#moveByKey(id, event?.shiftKey ? ARROW_BIG_PX : ARROW_PX);
    const command = this.#commands[id];
    if (!command) return false;
    command(labelDocument);
  }

  /** @type {Record<string, (labelDocument: LabelDocument) => void>} */
  #commands = {
    next_part: () => this.#step(1),
    previous_part: () => this.#step(-1),
    pick: (labelDocument) => this.#pickUnderCursor(labelDocument),
    done_next: (labelDocument) => this.#doneNext(labelDocument),
    not_visible: (labelDocument) => {
      markNotVisible(labelDocument, this.#part);
      const isHidden = labelDocument.decided.get(this.#part) === "not_visible";
      this.#commit();
      if (isHidden) this.#toNextOpen();
    },
    clear: (labelDocument) => { clearPart(labelDocument, this.#part); this.#commit(); },
    swap_region: (labelDocument) => { swapRegion(labelDocument, this.#imagePoint(), this.#part, this.#mirrors); this.#commit(); },
    swap_person: (labelDocument) => { swapPerson(labelDocument, this.#mirrors); this.#commit(); },
    take_all: (labelDocument) => { takeAllHints(labelDocument); this.#commit(); },
    undo: () => { this.#tool.cancel(); this.#history.undo(); },
    redo: () => this.#history.redo(),
    smaller: () => this.#resizeBrush(1 / 1.15),
    larger: () => this.#resizeBrush(1.15),
    cycle_rule: () => this.#state.set({ rule: /** @type {const} */ ({ all: "empty", empty: "part", part: "all" })[this.#state.state.rule] }),
    toggle_hint: () => this.#toggle("hint"),
    toggle_parts: () => this.#toggle("parts"),
    cancel: () => this.#cancel(),
    fit: () => this.#viewport.fit(),
    zoom_in: () => this.#viewport.zoomAt(1.2, this.#cursor.at?.x, this.#cursor.at?.y),
    zoom_out: () => this.#viewport.zoomAt(1 / 1.2, this.#cursor.at?.x, this.#cursor.at?.y),
    opacity_down: () => this.#state.set({ opacity: Math.max(0, Math.round(this.#state.state.opacity * 100 - 6) / 100) }),
    opacity_up: () => this.#state.set({ opacity: Math.min(1, Math.round(this.#state.state.opacity * 100 + 6) / 100) }),
    turn: () => { this.#panel.turn(!this.#panel.isTurned); this.#showParts(); },
    press: () => this.#pressByKey(),
    finger: () => this.#state.set({ fingerPans: !this.#state.state.fingerPans }),
  };

  get #part() {
    return this.#state.state.part;
  }

  get #tool() {
    return /** @type {import("./tools.js").Tool} */ (this.#tools.get(this.#state.state.tool));
  }

  // Documents.

  /** @param {any} draft @param {Bundle} bundle @param {Uint8Array | null} suggestion */
  async #documentOf(draft, { crop }, suggestion) {
    const { width, height } = crop;
    if (!draft) return new LabelDocument(width, height, { hints: suggestion });
    const labels = draft.label_map ? await unpackLabelMap(draft.label_map, width, height) : null;
    const hints = draft.hints ? await unpackLabelMap(draft.hints, width, height) : null;
    return new LabelDocument(width, height, { labels, hints, decided: draft.decided });
  }

  #newHistory() {
    return new History({
      apply: (delta, direction) => {
        this.#document?.apply(delta, direction);
        this.#edited();
        this.#shell.changed();
      },
      keeper: this.#shell.historyKeeper(),
      sizeOf: sizeOfDelta,
    });
  }

  #commit() {
    const delta = this.#document?.commit();
    if (delta) {
      this.#history.push(delta);
      this.#shell.changed();
    }
    this.#edited();
  }

  #edited() {
    this.#renderer.drawEdit();
    this.#showParts();
  }

  // Choosing.

  /** @param {number} part @param {boolean} [isFramed] bring it into sight */
  #pick(part, isFramed = false) {
    if (this.#tool.isBusy && this.#tool.name !== "polygon") return;
    this.#state.set({ part });
    if (isFramed) this.#viewport.fit();
    this.#sayCurrent();
  }

  /** @param {number} digit */
  #pickDigit(digit) {
    const limb = [...this.#parts.values()].filter((part) => part.digit === digit);
    const current = /** @type {Part} */ (this.#parts.get(this.#part));
    const right = limb.find((part) => part.side !== "left") ?? limb[0];
    this.#pick(current.digit === digit ? current.mirror : right.number);
  }

  /** @param {number} step */
  #step(step) {
    const at = this.#order.indexOf(this.#part);
    this.#pick(this.#order[(at + step + this.#order.length) % this.#order.length]);
  }

  /** @param {LabelDocument} labelDocument */
  #pickUnderCursor(labelDocument) {
    const at = this.#imagePoint();
    const value = at ? labelDocument.valueAt(at.x, at.y) : 0;
    if (value) this.#pick(value & PART_BITS);
  }

  /** @param {LabelDocument} labelDocument */
  #doneNext(labelDocument) {
    if (!finishPart(labelDocument, this.#part)) this.#shell.messages.say(t("Nothing is painted of this part. N: not visible."));
    this.#commit();
    this.#toNextOpen();
  }

  #firstOpen() {
    return this.#order.find((part) => this.#isOpen(part)) ?? this.#order[0];
  }

  #toNextOpen() {
    const at = this.#order.indexOf(this.#part);
    const rest = [...this.#order.slice(at + 1), ...this.#order.slice(0, at)];
    const next = rest.find((part) => this.#isOpen(part));
    if (next !== undefined) this.#pick(next);
    else this.#shell.messages.say(t("All parts are decided. Submit when you like."));
  }

  /** @param {number} part */
  #isOpen(part) {
    const state = this.#document ? stateOf(this.#document, part) : "none";
    return state !== "done" && state !== "not_visible";
  }

  /** @param {string} name */
  #choose(name) {
    if (this.#tool.isBusy) this.#tool.cancel();
    this.#state.set({ tool: name });
  }

  /** @param {keyof import("./state.js").PartsState["show"]} key */
  #toggle(key) {
    const { show } = this.#state.state;
    this.#state.set({ show: { ...show, [key]: !show[key] } });
  }

  /** @param {number} factor */
  #resizeBrush(factor) {
    const { brushPx } = this.#state.state;
    const next = Math.round(brushPx * factor);
    this.#state.set({ brushPx: Math.min(200, Math.max(1, next === brushPx ? brushPx + Math.sign(factor - 1) : next)) });
  }

  #cancel() {
    if (this.#cursor.isPressed) this.#cursor.isPressed = false;
    if (this.#tool.isBusy) this.#tool.cancel();
    this.#renderer.drawCursor();
  }

  /** Held: the photograph alone; a drag meanwhile moves it. @param {boolean} isHeld */
  #holdSpace(isHeld) {
    this.#isSpaceHeld = isHeld;
    this.#renderer.hideLabels(isHeld);
    this.#showTool();
  }

  // The cursor, by pointer and by key.

  /** @returns {import("./tools.js").Bench} */
  #bench() {
    return {
      document: () => this.#document,
      part: () => this.#part,
      radius: () => this.#state.state.brushPx / 2 / this.#viewport.scale,
      rule: (at) => this.#ruleAt(at),
      viewport: () => this.#viewport,
      edited: () => this.#renderer.drawEdit(),
      moved: () => this.#renderer.drawCursor(),
      commit: () => this.#commit(),
      picked: (value) => this.#pick(value),
      say: (text) => this.#shell.messages.show("tool", { icon: "note", title: text, forMs: 2500 }),
    };
  }

  /** @param {Point} at @returns {import("./label-document.js").Rule} */
  #ruleAt(at) {
    const { rule } = this.#state.state;
    if (rule === "part") return { kind: "part", part: (this.#document?.valueAt(at.x, at.y) ?? 0) & PART_BITS };
    return { kind: rule };
  }

  /** @returns {import("./pointer.js").PointerTarget} */
  #pointerTarget() {
    return {
      tool: () => this.#tool,
      isPanning: () => this.#isSpaceHeld || this.#peeked !== null || this.#document === null,
      fingerPans: () => this.#state.state.fingerPans,
      penSeen: () => this.#state.set({ fingerPans: true }),
      pick: (at) => {
        const value = this.#document?.valueAt(at.x, at.y) ?? 0;
        if (value) this.#pick(value & PART_BITS);
      },
      hover: (at, event) => {
        this.#cursor.isByKeyboard = false;
        this.#placeCursor(at, event !== null && event.buttons !== 0);
      },
      panned: (isPanning) => this.#pane.classList.toggle("is-panning", isPanning),
    };
  }

  /** @param {Point | null} at screen pixels @param {boolean} isQuiet */
  #placeCursor(at, isQuiet) {
    this.#cursor.moveTo(at, { isQuiet: isQuiet || this.#tool.name === "move", width: this.#viewport.width });
    if (at && this.#state.state.rule === "part" && !isQuiet) this.#showTag();
    this.#renderer.drawCursor();
  }

  #imagePoint() {
    const { at } = this.#cursor;
    return at ? this.#viewport.toImage(at.x, at.y) : null;
  }

  /** @param {string} arrow @param {number} distance screen pixels */
  #moveByKey(arrow, distance) {
    const [dx, dy] = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] }[arrow] ?? [0, 0];
    const { width, height } = this.#viewport;
    const from = this.#cursor.at ?? { x: width / 2, y: height / 2 };
    const at = { x: Math.min(width, Math.max(0, from.x + dx * distance)), y: Math.min(height, Math.max(0, from.y + dy * distance)) };
    this.#cursor.isByKeyboard = true;
    this.#placeCursor(at, false);
    this.#tool.move([this.#keySample()]);
  }

  /** The brush goes down and stays down until the key comes again; other tools act as by a click. */
  #pressByKey() {
    this.#cursor.at ??= { x: this.#viewport.width / 2, y: this.#viewport.height / 2 };
    this.#cursor.isByKeyboard = true;
    const tool = this.#tool;
    if (this.#cursor.isPressed) {
      this.#cursor.isPressed = false;
      tool.up();
    } else {
      tool.down(this.#keySample());
      this.#cursor.isPressed = tool.isBusy && tool.name !== "polygon";
      if (!this.#cursor.isPressed) tool.up();
    }
    this.#shell.messages.say(this.#cursor.isPressed ? t("Brush down") : t("Brush up"));
    this.#renderer.drawCursor();
  }

  /** @returns {import("./tools.js").Sample} */
  #keySample() {
    const { x, y } = /** @type {Point} */ (this.#imagePoint());
    return { x, y, pressure: 0.5, isPen: false, isStraight: false };
  }

  // Showing.

  #showParts() {
    const shown = this.#peeked ?? this.#document;
    if (!shown) return;
    const { decided, hints } = this.#panel.update(shown, this.#part);
    this.#shell.setReady(decided === this.#parts.size && hints === 0);
  }

  #showTool() {
    const { tool, brushPx } = this.#state.state;
    for (const button of document.querySelectorAll("[data-tool]")) {
      const isChosen = /** @type {HTMLElement} */ (button).dataset.tool === tool;
      button.setAttribute("aria-checked", String(isChosen));
      button.setAttribute("tabindex", isChosen ? "0" : "-1");
    }
    this.#cursor.radiusPx = tool === "brush" || tool === "eraser" ? brushPx / 2 : 0;
    this.#pane.dataset.cursor = this.#isSpaceHeld ? "move" : tool;
    this.#showTag();
    this.#renderer.drawCursor();
  }

  #showTag() {
    const part = /** @type {Part} */ (this.#parts.get(this.#part));
    const { rule, tool } = this.#state.state;
    const at = this.#imagePoint();
    const over = rule === "part" && at && this.#document ? this.#parts.get(this.#document.valueAt(at.x, at.y) & PART_BITS)?.name : "";
    if (tool === "eraser") this.#cursor.setTag({ colour: "transparent", name: t("Eraser"), rule: rule === "part" ? ruleWords(rule, over) : "" });
    else this.#cursor.setTag({ colour: part.colour, name: part.name, rule: ruleWords(rule, over) });
  }

  #showHistory() {
    for (const [action, isPossible] of /** @type {[string, boolean][]} */ ([["undo", this.#history.canUndo], ["redo", this.#history.canRedo]])) {
      for (const button of document.querySelectorAll(`[data-action="${action}"]`)) /** @type {HTMLButtonElement} */ (button).disabled = !isPossible;
    }
  }

  #sayCurrent() {
    const part = this.#parts.get(this.#part);
    if (!part || !this.#document) return;
    const hasHint = this.#document.areas[this.#part | HINT] > 0;
    this.#shell.messages.say(`${part.name}. ${hasHint ? t("A hint is there: Enter takes it.") : ""}`);
  }

  #measure() {
    const { width, height } = this.#pane.getBoundingClientRect();
    this.#viewport.setPane(width, height, devicePixelRatio);
    this.#pointer.measure();
  }

  #listen() {
    this.#state.watch([], (state, changed) => {
      if (changed.has("opacity") || changed.has("show")) {
        this.#renderer.setLook({ opacity: state.opacity, ...state.show });
        document.querySelector('[data-action="toggle_hint"]')?.setAttribute("aria-pressed", String(state.show.hint));
      }
      if (changed.has("part")) {
        if (this.#work) sessionStorage.setItem(`workbench:part:${this.#work.bundle.lease.id}`, String(state.part));
        this.#showParts();
      }
      this.#showTool();
      const kept = KEPT.filter((key) => changed.has(key));
      if (kept.length > 0) this.#shell.saveSettings(Object.fromEntries(kept.map((key) => [key, state[key]])));
    });
    this.#renderer.setLook({ opacity: this.#state.state.opacity, ...this.#state.state.show });
    this.#viewport.watch(() => this.#foot.setZoom(this.#viewport.scale));
    new ResizeObserver(() => this.#measure()).observe(this.#pane);
    document.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-action], [data-tool]"));
      if (!button) return;
      this.run(button.dataset.action ?? `tool_${button.dataset.tool}`, null, "press");
    });
    this.#showTool();
  }
}

/** @param {LabelDocument} labelDocument */
async function packDraft(labelDocument) {
  const { labels, hints } = labelDocument.split();
  const decided = Object.fromEntries(labelDocument.decided);
  const [label_map, packedHints] = await Promise.all([packLabelMap(labels), hints && packLabelMap(hints)]);
  return { label_map, decided, hints: packedHints };
}

/** Whether the person shows their back, by the shoulders: then their left is at the left. @param {number[] | null} keypoints 17 x (x, y, visibility) */
function facesAway(keypoints) {
  if (!keypoints) return false;
  const [leftX, leftSeen, rightX, rightSeen] = [keypoints[15], keypoints[17], keypoints[18], keypoints[20]];
  return leftSeen > 0 && rightSeen > 0 && leftX < rightX;
}
