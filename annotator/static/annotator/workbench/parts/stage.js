/** The parts workbench as the shell knows it: opens work, shows it, answers with it. */

import { facesAway } from "../core/facing.js";
import { inflate, unpackLabelMap } from "../core/label-map.js";
import { t } from "../core/strings.js";
import { loadBitmap, loadBytes } from "../core/work.js";
import { hook } from "../ui/dom.js";
import { partsActions } from "./actions.js";
import { partsCommands } from "./commands.js";
import { Desk } from "./desk.js";
import { DraftPacker, documentOf } from "./draft.js";
import { FootBar } from "./foot-bar.js";
import { HINT } from "./cells.js";
import { PointerInput } from "./pointer.js";
import { questionsOf } from "./questions.js";
import { Renderer } from "./renderer.js";
import { SidePanel } from "./side-panel.js";
import { KEPT } from "./state.js";
import { ToolBar } from "./tool-bar.js";

/** @typedef {import("../ui/shell.js").ShellForStage} ShellForStage */
/** @typedef {import("../ui/shell.js").Stage} Stage */
/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("./label-document.js").LabelDocument} LabelDocument */

/** @implements {Stage} */
export class PartsStage {
  actions = partsActions();
  #shell;
  #desk;
  #renderer;
  #panel;
  #foot;
  #toolBar;
  #commands;
  #pane = hook("pane");
  #pointer;
  #packer;
  /** Shown instead of one's own while two versions are compared. @type {LabelDocument | null} */
  #peeked = null;
  /** @type {Work | null} */
  #work = null;
  /** Where the person is known to be, a byte for each pixel of the crop. @type {Uint8Array | null} */
  #outline = null;
  #isSpaceHeld = false;

  /** @param {ShellForStage} shell */
  constructor(shell) {
    this.#shell = shell;
    const { parts } = shell.config;
    this.#desk = new Desk(shell, {
      edited: () => this.#showEdit(), painted: () => this.#renderer.drawEdit(), marked: () => this.#showMarks(),
      historyMoved: () => this.#toolBar.showHistory(this.#desk.history),
    }, hook("canvas").dataset);
    this.#packer = new DraftPacker(this.#desk.cells);
    const { viewport, state } = this.#desk;
    this.#renderer = new Renderer(viewport, new Map(parts.map((part) => [part.number, part.colour])));
    this.#panel = new SidePanel(parts, (part) => this.#desk.pick(part));
    this.#foot = new FootBar(state);
    this.#toolBar = new ToolBar(this.#desk);
    this.#commands = partsCommands(this.#desk, { turn: () => this.#turn(), light: () => this.#foot.toggleLight() });
    this.#pointer = new PointerInput(this.#pane, viewport, this.#pointerTarget());
    this.#listen();
  }

  /** @param {Bundle} bundle */
  async prepare({ crop, suggestion }) {
    return suggestion ? unpackLabelMap(suggestion.label_map, crop.width, crop.height) : null;
  }

  /** @param {Work} work */
  async open(work) {
    this.#work = work;
    const desk = this.#desk;
    const { crop, lease, keypoints } = work.bundle;
    const labelDocument = await documentOf(work.draft, crop, work.prepared);
    if (work !== this.#work) return;
    // An outline or a stroke under way belongs to the person before.
    desk.cancel();
    desk.document = labelDocument;
    desk.history = desk.newHistory();
    desk.history.restore(work.entries.map(({ delta }) => delta), work.position, work.entries[0]?.index ?? 0);
    this.#peeked = null;
    this.#outline = null;
    desk.tool.leave?.();
    desk.edges.open({ url: work.bundle.superpixels_url, image: work.image, width: crop.width, height: crop.height });
    if (desk.state.state.tool === "edges") desk.edges.prepare();
    this.#measure();
    desk.viewport.setImage(crop.width, crop.height);
    this.#show(labelDocument);
    desk.history.goTo(work.target);
    this.#panel.turn(facesAway(keypoints) ?? false);
    const kept = Number(sessionStorage.getItem(`workbench:part:${lease.id}`));
    desk.state.set({ part: desk.order.has(kept) ? kept : desk.order.firstOpen(labelDocument) });
    const source = work.bundle.suggestion?.source ?? null;
    this.#panel.setHintSource(source);
    this.#renderer.setHintSource(source);
    this.#showEdit();
    this.#renderer.flush();
    void this.#fetchRest(work);
  }

  /** What comes after all else: the person's outline, which only a check wants, and what lies around the crop. @param {Work} work */
  async #fetchRest(work) {
    const { outline_url, surroundings, crop } = work.bundle;
    const bytes = outline_url ? await loadBytes(outline_url) : null;
    if (bytes && work === this.#work) this.#outline = await inflate(bytes).catch(() => null);
    const image = surroundings && (await loadBitmap(surroundings.url).catch(() => null));
    if (!image || work !== this.#work) return;
    const { x, y, width, height } = surroundings.crop;
    this.#renderer.setAround({ image, rect: { x: x - crop.x, y: y - crop.y, width, height } });
  }

  close() {
    this.#desk.cancel();
    this.#desk.document = null;
    this.#desk.edges.open(null);
    this.#renderer.show(null, null, null);
  }

  async draft() {
    const labelDocument = this.#desk.document;
    return labelDocument && this.#packer.pack(labelDocument);
  }

  answer() {
    return this.draft();
  }

  /** @param {any} draft */
  async peek(draft) {
    const { bundle } = /** @type {Work} */ (this.#work);
    this.#peeked = draft ? await documentOf(draft, bundle.crop, null) : null;
    this.#show(this.#peeked ?? this.#desk.document);
    this.#showParts();
  }

  /** @param {any} draft */
  async replace(draft) {
    const { bundle } = /** @type {Work} */ (this.#work);
    this.#desk.cancel();
    this.#desk.document = await documentOf(draft, bundle.crop, null);
    this.#desk.history.clear();
    await this.peek(null);
  }

  checks() {
    return questionsOf(this.#desk, /** @type {Work} */ (this.#work).bundle, this.#outline);
  }

  /** @param {string} id @param {KeyboardEvent | null} event @param {"press" | "release"} phase @returns {boolean | void} */
  run(id, event, phase) {
    if (id === "peek") return this.#holdSpace(phase === "press");
    const command = this.#commands[id];
    if (phase === "release" || !command || !this.#desk.document || this.#peeked) return false;
    command(event);
  }

  /** Held: the photograph alone; a drag meanwhile moves it. @param {boolean} isHeld */
  #holdSpace(isHeld) {
    this.#isSpaceHeld = isHeld;
    this.#renderer.hideLabels(isHeld);
    this.#showTool();
  }

  /** @returns {import("./pointer.js").PointerTarget} */
  #pointerTarget() {
    const desk = this.#desk;
    return {
      tool: () => desk.tool,
      isPanning: () => this.#isSpaceHeld || this.#peeked !== null || desk.document === null,
      fingerPans: () => desk.state.state.fingerPans,
      penSeen: () => desk.state.set({ fingerPans: true }),
      pick: (at) => desk.pickAt(at),
      hover: (at, event) => {
        const isDrawing = event !== null && event.buttons !== 0;
        desk.cursor.isByKeyboard = false;
        desk.placeCursor(at, isDrawing);
        if (!at) desk.tool.leave?.();
        if (at && desk.state.state.rule === "part" && !isDrawing) this.#toolBar.showTag();
      },
      panned: (isPanning) => {
        this.#pane.classList.toggle("is-panning", isPanning);
        if (this.#isSpaceHeld) this.#renderer.hideLabels(!isPanning);
      },
    };
  }

  #turn() {
    this.#panel.turn(!this.#panel.isTurned);
    this.#showParts();
  }

  /** @param {LabelDocument | null} labelDocument */
  #show(labelDocument) {
    const { bundle, image } = /** @type {Work} */ (this.#work);
    const { box, crop } = bundle;
    this.#renderer.show(labelDocument, image, { x: box[0] - crop.x, y: box[1] - crop.y, width: box[2], height: box[3] });
  }

  #showEdit() {
    this.#renderer.drawEdit();
    this.#showParts();
  }

  #showParts() {
    const shown = this.#peeked ?? this.#desk.document;
    if (!shown) return;
    const { decided, hints } = this.#panel.update(shown, this.#desk.part);
    this.#shell.setReady(decided === this.#shell.config.parts.length && hints === 0);
  }

  #showTool() {
    this.#toolBar.showTool();
    this.#pane.dataset.cursor = this.#isSpaceHeld ? "move" : this.#desk.state.state.tool;
    this.#showMarks();
  }

  /** What the tool under way shows of itself. */
  #showMarks() {
    const { tool } = this.#desk;
    this.#renderer.setMarks((tool.isBusy || tool.isPointing) && tool.draw ? (context) => tool.draw?.(context) : null);
    this.#panel.setOutlining(tool.isBusy && tool.key !== undefined);
  }

  #sayPart() {
    const { document: labelDocument, part, order } = this.#desk;
    if (!labelDocument) return;
    const hint = labelDocument.areas[part | HINT] > 0 ? ` ${t("A hint is there: Enter takes it.")}` : "";
    this.#shell.messages.say(`${order.part(part).name}.${hint}`);
  }

  #measure() {
    const { width, height } = this.#pane.getBoundingClientRect();
    this.#desk.viewport.setPane(width, height, devicePixelRatio);
    this.#pointer.measure();
  }

  #listen() {
    const { state, viewport } = this.#desk;
    const showLook = () => this.#renderer.setLook({ opacity: state.state.opacity, ...state.state.show });
    state.watch(["opacity", "show"], showLook);
    state.watch(["light"], ({ light }) => this.#renderer.setLight(light));
    state.watch(["part"], ({ part }) => {
      if (this.#work) sessionStorage.setItem(`workbench:part:${this.#work.bundle.lease.id}`, String(part));
      this.#showParts();
      this.#sayPart();
    });
    state.watch(["tool", "part", "rule", "brushPx", "show", "isCoarse"], () => this.#showTool());
    state.watch(KEPT, (now) => this.#shell.saveSettings(Object.fromEntries(KEPT.map((key) => [key, now[key]]))));
    viewport.watch(() => this.#foot.setZoom(this.#desk.document ? viewport.scale : 1));
    new ResizeObserver(() => this.#measure()).observe(this.#pane);
    this.#toolBar.onAction = (id) => void this.run(id, null, "press");
    showLook();
    this.#renderer.setLight(state.state.light);
    this.#showTool();
  }
}
