/** The reviewer's bench: goes from case to case, and carries out what the reviewer decides about each. */

import { ActiveClock } from "../../annotator/workbench/core/active-clock.js";
import { Api, ApiError } from "../../annotator/workbench/core/api.js";
import { KeyMap, listenForKeys } from "../../annotator/workbench/core/keys.js";
import { newUuid } from "../../annotator/workbench/core/outbox.js";
import { t, useStrings } from "../../annotator/workbench/core/strings.js";
import { loadBitmap } from "../../annotator/workbench/core/work.js";
import { element, hook, readJson } from "../../annotator/workbench/ui/dom.js";
import { fillIcons } from "../../annotator/workbench/ui/icons.js";
import { KeySheet } from "../../annotator/workbench/ui/keysheet.js";
import { Messages } from "../../annotator/workbench/ui/messages.js";
import { showKeys } from "../../annotator/workbench/ui/preferences.js";
import { benchActions } from "./actions.js";
import { CaseStore } from "./case-store.js";
import { NoteDialog } from "./note-dialog.js";
import { answerRows, commentRows, distanceTable, meanToOthers, mergedRows, overlapTable, pointRows } from "./panel.js";
import { PartsDesk } from "./parts-desk.js";
import { PointsDesk } from "./points-desk.js";

export class Bench {
  #config;
  #api;
  #names;
  #desk;
  #store;
  #keyMap;
  #keySheet;
  #messages = new Messages({ margin: hook("messages"), stage: hook("notice"), voice: hook("voice") });
  #note = new NoteDialog();
  #clock = new ActiveClock();
  #isBusy = false;
  /** The case on the screen. @type {any | null} */
  #data = null;

  constructor() {
    this.#config = readJson("bench-config");
    const { api, csrf_cookie, parts, stage, view_words, key_bindings } = this.#config;
    useStrings({ ...readJson("workbench-strings"), ...readJson("bench-strings"), ...view_words });
    fillIcons();
    this.#api = new Api({ base: api, csrfCookie: csrf_cookie });
    this.#names = new Map(parts.map((/** @type {any} */ part) => [part.number, part.name]));
    const changed = () => this.#data && this.#showSide();
    const colours = new Map(parts.map((/** @type {any} */ part) => [part.number, part.colour]));
    this.#desk = stage === "parts" ? new PartsDesk({ changed, colours }) : new PointsDesk({ changed, onViews: (error) => this.#sayViews(error) });
    this.#store = new CaseStore((task) => this.#load(task));
    this.#keyMap = new KeyMap([...this.#desk.actions(), ...benchActions()], key_bindings?.bench ?? {});
    showKeys(this.#keyMap);
    this.#keySheet = new KeySheet(this.#keyMap, (own) => this.#saveKeys(own));
    listenForKeys(document, this.#keyMap, (id, _event, phase) => this.#run(id, phase));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-run]"))) {
      button.addEventListener("click", () => this.#run(button.dataset.run ?? "", "press"));
    }
    for (const type of ["pointerdown", "pointermove", "wheel", "keydown"]) addEventListener(type, () => this.#clock.touch(), { passive: true, capture: true });
  }

  async start() {
    const { project, stage, task } = this.#config;
    await this.#try(async () => {
      const { cases } = await this.#api.get(`projects/${project.id}/cases?stage=${stage}`);
      this.#store.begin(cases, task);
      await this.#open();
    });
  }

  /** @param {number} task @returns {Promise<import("./case-store.js").LoadedCase>} */
  async #load(task) {
    const data = await this.#api.get(`tasks/${task}/case`);
    const [image, prepared] = await Promise.all([loadBitmap(data.picture).catch(() => null), this.#desk.prepare(data)]);
    return { data, image, prepared };
  }

  async #open() {
    const loading = this.#store.open();
    this.#data = null;
    if (!loading) return this.#showEmpty();
    const { current } = this.#store;
    const loaded = await loading;
    if (current !== this.#store.current) return;
    this.#data = loaded.data;
    this.#clock.start(0);
    this.#messages.hideAll();
    this.#messages.setNotice(null);
    const first = loaded.data.answers.findIndex((/** @type {any} */ { id }) => id === loaded.data.begin);
    this.#desk.show(/** @type {any} */ (loaded), Math.max(0, first));
    if (!loaded.image) this.#messages.show("image", { tone: "bad", icon: "image", title: t("Image missing"), canClose: true });
    if (loaded.data.answers.length === 0) this.#messages.show("answers", { icon: "note", title: t("No answer of today’s points to review"), canClose: true });
    this.#showSide();
  }

  #showSide() {
    const { answers, name, comments, task } = this.#data;
    const go = (/** @type {number} */ part) => this.#desk.goToPart(part);
    const all = (/** @type {number} */ index) => this.#desk.chooseAll(index);
    hook("case-name").textContent = t("Person {n}", { n: name });
    hook("case-count").textContent = t("{n} of {total}", { n: this.#store.at + 1, total: this.#store.rows.length });
    document.body.dataset.task = String(task);
    const isPoints = this.#desk instanceof PointsDesk;
    const figure = (/** @type {number} */ index) => (isPoints ? meanToOthers(this.#data.pairs, index) : "");
    const { isMerged } = this.#desk;
    hook("answers").replaceChildren(
      ...answerRows(answers, figure, isMerged ? -1 : this.#chosen, all),
      ...mergedRows(this.#data.merged, isMerged, () => this.#desk.chooseMerged()),
    );
    hook("point").replaceChildren(...(this.#desk instanceof PointsDesk ? pointRows(this.#desk, this.#names, (index) => this.#desk.choose(index)) : []));
    hook("between").replaceChildren(...(this.#desk instanceof PointsDesk ? distanceTable(this.#desk, this.#names, go) : overlapTable(this.#desk, this.#names, go)));
    hook("comments").replaceChildren(...commentRows(comments));
    hook("decision").textContent = this.#decisionWords();
  }

  /** Index of the answer that is accepted, or that the reviewer starts from. */
  get #chosen() {
    return this.#desk instanceof PointsDesk ? this.#desk.choice.base : this.#desk.chosen;
  }

  #decisionWords() {
    if (this.#desk.isMerged) return t("What the answers come to together");
    const n = this.#chosen + 1;
    const changed = this.#desk instanceof PointsDesk ? this.#desk.choice.changed : 0;
    if (changed === 1) return t("Answer {n}, one point changed", { n });
    return changed ? t("Answer {n}, {changed} points changed", { n, changed }) : t("Answer {n} as it is", { n });
  }

  /** @param {string} id @param {"press" | "release"} phase @returns {boolean | void} */
  #run(id, phase) {
    if (id === "help") return this.#keySheet.open();
    if (id === "next-case" || id === "previous-case") return this.#go(id === "next-case" ? 1 : -1);
    if (!this.#data) return false;
    const [, kind, digit] = /^(answer|point)-(\d)$/.exec(id) ?? [];
    if (kind === "point") return this.#desk.choose(Number(digit) - 1);
    if (kind === "answer") return this.#desk.chooseAll(Number(digit) - 1);
    if (id === "merged") return this.#desk.chooseMerged();
    if (this.#desk.run(id, phase)) return;
    const acts = {
      accept: () => this.#accept(), "send-back": () => this.#sendBack(), comment: () => this.#comment(),
      another: () => this.#another(), workbench: () => this.#openWorkbench(),
    };
    if (id in acts) acts[/** @type {keyof typeof acts} */ (id)]();
    else return false;
  }

  /** @param {number} step */
  #go(step) {
    if (this.#store.go(step)) this.#try(() => this.#open());
  }

  /** The chosen answer, or undefined where there is none. */
  get #answer() {
    return this.#data?.answers[this.#chosen];
  }

  #accept() {
    if (!this.#answer && !this.#desk.isMerged) return;
    this.#settle(async () => {
      if (this.#desk instanceof PartsDesk && this.#desk.isMerged) await this.#api.post(`tasks/${this.#data.task}/accept-merged`);
      else if (this.#desk instanceof PointsDesk && !this.#desk.choice.isPlain) {
        const { submission, ...body } = this.#desk.choice.payload(this.#data.answers);
        await this.#api.post(`submissions/${submission}/settle`, { ...body, client_uuid: newUuid(), active_ms: this.#clock.activeMs });
      } else await this.#api.post(`submissions/${this.#answer.id}/accept`);
    }, t("Accepted"));
  }

  #sendBack() {
    const answer = this.#answer;
    if (!answer?.has_author) return this.#messages.show("told", { tone: "warn", icon: "note", title: t("This answer was imported: nobody can redo it"), canClose: true, forMs: 4000 });
    const { task } = this.#data;
    this.#note.ask(t("Send back to {name} with a note", { name: answer.author }), t("Send back"), async (note) => {
      await this.#api.post(`submissions/${answer.id}/send-back`, { note });
      this.#leave(task, t("Sent back"));
    });
  }

  #comment() {
    this.#note.ask(t("Comment for whoever reviews"), t("Comment"), async (text) => {
      await this.#api.post(`tasks/${this.#data.task}/comments`, { text });
      this.#data.comments.push({ author: this.#config.user.name, text, at: "" });
      this.#showSide();
    });
  }

  #another() {
    this.#settle(() => this.#api.post(`tasks/${this.#data.task}/ask-another`), t("One more annotator is asked"));
  }

  #openWorkbench() {
    if (!this.#answer) return;
    this.#try(async () => location.assign((await this.#api.post(`submissions/${this.#answer.id}/review-lease`)).url));
  }

  /** @param {() => Promise<unknown>} act @param {string} words */
  #settle(act, words) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const { task } = this.#data;
    this.#try(async () => {
      await act();
      this.#leave(task, words);
    }).finally(() => {
      this.#isBusy = false;
    });
  }

  /** A case is done with: the next, unless the reviewer has gone on meanwhile. @param {number} task @param {string} words */
  #leave(task, words) {
    const isAtHand = this.#store.current?.task === task;
    this.#store.settled(task);
    this.#try(async () => {
      if (isAtHand) await this.#open();
      else if (this.#data) this.#showSide();
      this.#messages.show("told", { tone: "ok", icon: "check", title: words, canClose: true, forMs: 2500 });
    });
  }

  #showEmpty() {
    hook("case-name").textContent = "";
    hook("case-count").textContent = "";
    this.#messages.setNotice({
      icon: "check", title: t("Nothing waits for review"), text: t("New cases appear here when answers disagree or wait for a reviewer."),
      actions: [{ label: t("Look again"), isPrimary: true, run: () => this.start() }, { label: t("Back to the project"), run: () => location.assign(document.body.dataset.homeUrl ?? "/") }],
    });
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const text = error.kind === "login" ? t("Please log in again") : error.message;
      this.#messages.show("trouble", { tone: "bad", icon: "warn", title: t("That did not work"), text, canClose: true });
    }
  }

  /** @param {unknown | null} error */
  #sayViews(error) {
    if (error) this.#messages.show("views", { tone: "warn", icon: "image", title: t("The views of this part did not come"), canClose: true });
    else this.#messages.hide("views");
  }

  /** @param {import("../../annotator/workbench/core/keys.js").Bindings} own */
  #saveKeys(own) {
    showKeys(this.#keyMap);
    this.#api.patch("me", { key_bindings: { ...this.#config.key_bindings, bench: own } }).catch(() => {});
  }
}
