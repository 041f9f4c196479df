/** The correspondence stage as the shell knows it: opens work, gives draft and answer, runs the keys. */

import { facesAway } from "../core/facing.js";
import { unpackLabelMap } from "../core/label-map.js";
import { t } from "../core/strings.js";
import { pointActions } from "./actions.js";
import { countAnswered, readPoints } from "./answers.js";
import { runAction } from "./commands.js";
import { PointsModel } from "./model.js";
import { PointsScreen } from "./screen.js";
import { ViewCache } from "./view-cache.js";

/** @typedef {import("../ui/shell.js").ShellForStage} ShellForStage */
/** @typedef {import("../ui/shell.js").Stage} Stage */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {{labels: Uint8Array, points: import("./answers.js").PhotoPoint[]}} Prepared */

/** @implements {Stage} */
export class PointsStage {
  actions = pointActions();
  #shell;
  #cache = new ViewCache();
  #screen;
  /** @type {Work | null} */
  #work = null;
  /** The annotator's own model while another version is looked at. @type {PointsModel | null} */
  #own = null;

  /** @param {ShellForStage} shell */
  constructor(shell) {
    this.#shell = shell;
    this.#screen = new PointsScreen({
      parts: shell.config.parts,
      cache: this.#cache,
      advances: shell.config.user.settings?.advance_on_click ?? true,
      onAdvances: (advances) => shell.saveSettings({ advance_on_click: advances }),
      showsHints: shell.config.user.settings?.neighbour_hints ?? true,
      onHints: (neighbour_hints) => shell.saveSettings({ neighbour_hints }),
      say: (text) => shell.messages.say(text),
      onViews: (error) => this.#sayViews(error),
    });
    for (const button of buttonsOf()) {
      button.addEventListener("click", () => this.run(button.dataset.run ?? "", null, "press"));
    }
  }

  /** @param {Bundle} bundle @returns {Promise<Prepared>} */
  async prepare({ points: columns, crop, label_map, views, draft }) {
    const points = readPoints(columns ?? { key: [], x: [], y: [], part: [] }, crop);
    const first = points.find(({ key }) => key === String(draft?.current)) ?? points[0];
    // The first part's views are unpacked with the picture, so that both are there at once.
    if (first && views) this.#cache.await(views[first.part].base);
    const labels = label_map ? await unpackLabelMap(label_map, crop.width, crop.height) : new Uint8Array(crop.width * crop.height);
    return { labels, points };
  }

  /** @param {Work} work */
  async open(work) {
    this.#work = work;
    this.#own = null;
    const { points } = /** @type {Prepared} */ (work.prepared);
    const model = new PointsModel(points, work.draft, this.#shell.historyKeeper());
    model.history.restore(work.entries.map(({ delta }) => delta), work.position, work.entries[0]?.index ?? 0);
    model.store.watch(["draft"], () => {
      this.#shell.changed();
      this.#count(model);
    });
    model.history.watch(() => this.#showHistory(model));
    model.history.goTo(work.target);
    this.#showHistory(model);
    this.#count(model);
    this.#showModel(model);
  }

  close() {
    this.#work = null;
    this.#screen.model = null;
  }

  async draft() {
    return (this.#own ?? this.#screen.model)?.draft;
  }

  async answer() {
    return this.draft();
  }

  /** @param {any | null} draft */
  async peek(draft) {
    const { model } = this.#screen;
    if (draft && model) {
      this.#own ??= model;
      this.#showModel(new PointsModel(this.#own.points, draft));
    } else if (this.#own) {
      const own = this.#own;
      this.#own = null;
      this.#showModel(own);
    }
  }

  /** @param {any} draft */
  async replace(draft) {
    if (this.#work) await this.open({ ...this.#work, draft, entries: [], position: 0, target: 0 });
  }

  /** What is missing is gone to at once. */
  checks() {
    const { model } = this.#screen;
    const open = model?.firstOpen;
    if (!model || !open) return { missing: null, asks: [] };
    model.goTo(open.key);
    const n = model.points.length - countAnswered(model.points, model.draft.answers);
    return { missing: n === 1 ? t("One point has no answer yet") : t("{n} points have no answer yet", { n }), asks: [] };
  }

  /** @param {string} id @param {KeyboardEvent | null} event @param {"press" | "release"} phase */
  run(id, event, phase) {
    if (!this.#screen.model || this.#own) return false;
    return runAction(this.#screen, id, event, phase);
  }

  /** @param {PointsModel} model */
  #showModel(model) {
    const { bundle, image, prepared } = /** @type {Work} */ (this.#work);
    this.#screen.show(model, { image, crop: bundle.crop, labels: prepared.labels, bases: bundle.views ?? {}, isFromBehind: facesAway(bundle.keypoints), proposal: bundle.proposal ?? null });
  }

  /** @param {PointsModel} model */
  #count({ points, draft }) {
    const n = countAnswered(points, draft.answers);
    this.#shell.setReady(n === points.length);
  }

  /** @param {PointsModel} model */
  #showHistory({ history }) {
    for (const button of buttonsOf()) {
      if (button.dataset.run === "undo") button.disabled = !history.canUndo;
      if (button.dataset.run === "redo") button.disabled = !history.canRedo;
    }
  }

  /** @param {unknown | null} error */
  #sayViews(error) {
    const { messages } = this.#shell;
    if (!error) return messages.hide("views");
    messages.show("views", {
      tone: "warn", icon: "image", title: t("The views of this part did not come"),
      text: t("The photograph and your answers are here. The views are fetched again when you ask."),
      actions: [{ label: t("Try now"), isPrimary: true, run: () => this.#screen.surface.retry() }],
    });
  }
}

/** @returns {NodeListOf<HTMLButtonElement>} the buttons in the foot that run an action */
const buttonsOf = () => document.querySelectorAll("[data-run]");
