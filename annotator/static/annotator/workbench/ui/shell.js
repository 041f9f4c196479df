/**
 * What both workbenches share, wired once: the page's settings, the session, saving, keys, messages. A stage brings what is
 * its own, as a `Stage`, and is told when there is work; it tells the shell what changed.
 */

import { ActiveClock } from "../core/active-clock.js";
import { Api, ApiError } from "../core/api.js";
import { DraftStore } from "../core/draft-store.js";
import { KeyMap, capsOf, listenForKeys } from "../core/keys.js";
import { Saver } from "../core/saver.js";
import { Session } from "../core/session.js";
import { t, useStrings } from "../core/strings.js";
import { TabWatch } from "../core/tab-watch.js";
import { element, hook, isMac, readJson } from "./dom.js";
import { fillIcons } from "./icons.js";
import { KeySheet } from "./keysheet.js";
import { Messages } from "./messages.js";
import { SavePanels } from "./save-panels.js";
import { SkipDialog } from "./skip-dialog.js";
import { Topbar } from "./topbar.js";

/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
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
 * @property {{id?: number, name: string, username: string, key_bindings: Record<string, any>, settings: Record<string, any>}} user
 * @property {Part[]} parts
 * @property {number[]} work_order
 * @property {Record<string, string>} [strings]
 */

/**
 * @typedef {object} Check A question before submitting; it never changes anything by itself.
 * @property {string} title
 * @property {() => void} [show] jump to the place
 */

/**
 * @typedef {object} Stage
 * @property {import("../core/keys.js").Action[]} actions those of the shell are added
 * @property {(bundle: Bundle) => Promise<any>} prepare make ready in advance what a bundle needs, e.g. unpack and fetch
 * @property {(work: Work) => Promise<void>} open show this work; its history is the stage's
 * @property {() => void} close nothing to work on
 * @property {() => Promise<any>} draft as the API wants it
 * @property {() => Promise<any>} answer as the API wants it
 * @property {(draft: any | null) => Promise<void>} peek show another version, read-only; null: back to one's own
 * @property {(draft: any) => Promise<void>} replace go on with another version
 * @property {() => {missing: string | null, asks: Check[]}} checks
 * @property {(id: string, event: KeyboardEvent | null, phase: "press" | "release") => boolean | void} run an action of its own
 */

/**
 * @typedef {object} ShellForStage What a stage may use.
 * @property {Config} config
 * @property {Api} api
 * @property {Messages} messages
 * @property {KeyMap} keyMap
 * @property {() => void} changed something was edited: save it
 * @property {(detail: string) => void} setProgress
 * @property {(isReady: boolean) => void} setReady
 * @property {(patch: Record<string, any>) => void} saveSettings workbench settings that follow the account
 * @property {() => import("../core/history.js").HistoryKeeper<any>} historyKeeper keeps entries of the current lease on this computer
 */

const SETTINGS_DELAY_MS = 1500;

export class Shell {
  config = readConfig();
  #api = new Api({ base: this.config.api, csrfCookie: this.config.csrf_cookie });
  #local = new DraftStore();
  #clock = new ActiveClock();
  #messages = new Messages({ margin: hook("messages"), stage: hook("notice"), voice: hook("voice") });
  #keyMap;
  #stage;
  #session;
  #topbar;
  #keySheet;
  #panels;
  #tabs;
  /** @type {Saver | null} */
  #saver = null;
  /** @type {Work | null} */
  #work = null;
  #position = 0;
  #doneToday = 0;
  #progress = "";
  /** @type {Record<string, any>} */
  #settings = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settingsTimer;
  /** @type {{id: number | string, until: number} | null} the last submission, while its author may take it back */
  #last = null;

  /** @param {(shell: ShellForStage) => Stage} makeStage */
  constructor(makeStage) {
    const { config } = this;
    useStrings({ ...readJson("workbench-strings"), ...(config.strings ?? {}) });
    fillIcons();
    const group = config.stage === "parts" ? "parts" : "points";
    this.#settings = { ...config.user.settings };
    // The stage is given its tools first; its actions are known after.
    this.#keyMap = new KeyMap([]);
    const shell = this;
    this.#stage = makeStage({
      config, api: this.#api, messages: this.#messages,
      get keyMap() { return shell.#keyMap; },
      changed: () => this.#saver?.changed(),
      setProgress: (detail) => this.#setProgress(detail),
      setReady: (isReady) => this.#topbar.setReady(isReady),
      saveSettings: (patch) => this.#saveSettings(patch),
      historyKeeper: () => this.#historyKeeper(),
    });
    this.#keyMap = new KeyMap([...this.#stage.actions, ...shellActions()], config.user.key_bindings[group]);
    this.#keySheet = new KeySheet(this.#keyMap, (own) => this.#saveBindings(group, own));
    this.#showKeys();
    const skip = new SkipDialog((reason, note) => this.#skip(reason, note));
    this.#topbar = new Topbar({ onSubmit: () => this.#submit(), onSkip: () => skip.open(), onSave: () => this.#saver?.saveNow() });
    this.#panels = new SavePanels(this.#messages, this.#saveActions(), { api: this.#api, signInUrl: config.sign_in_url, user: config.user });
    this.#tabs = new TabWatch({ onElsewhere: () => this.#sayElsewhere(true), onTakenOver: () => this.#sayElsewhere(false) });
    this.#session = new Session({
      api: this.#api, projectId: config.project.id, stage: config.stage, userId: config.user.id ?? 0, local: this.#local,
      clock: this.#clock, prepare: (bundle) => this.#stage.prepare(bundle), events: this.#sessionEvents(),
    });
    listenForKeys(document, this.#keyMap, (id, event, phase) => this.#run(id, event, phase, skip));
    this.#listenToPage();
  }

  async start() {
    const missing = ["CompressionStream", "createImageBitmap", "indexedDB", "PointerEvent"].filter((name) => !(name in globalThis));
    if (missing.length > 0) {
      this.#messages.setNotice({ tone: "bad", icon: "warn", title: t("This browser cannot draw here"), text: t("Please use a newer one: Chrome, Edge or Firefox 113, Safari 16.4, or later.") });
      return;
    }
    await this.#session.start(this.config.lease || undefined);
  }

  /** @returns {import("../core/session.js").SessionEvents} */
  #sessionEvents() {
    return {
      onWork: (work) => this.#show(work),
      onLoading: () => this.#messages.setNotice({ icon: "cloud", title: t("Loading…") }),
      onEmpty: (empty) => this.#sayEmpty(empty),
      onTrouble: (error) => this.#sayTrouble(error),
      onSubmitted: (answer) => this.#submitted(answer),
      onSubmitWaits: (error) => this.#submitWaits(error),
      onReturned: (error, leaseId) => this.#sayReturned(error, leaseId),
      onLeaseOver: () => this.#saver?.saveNow(),
    };
  }

  /** @param {Work} work */
  async #show(work) {
    this.#leaveWork();
    this.#work = work;
    this.#position = work.position;
    const { lease, done_today, sent_back } = work.bundle;
    const leaseId = lease.id;
    this.#saver = new Saver({
      api: this.#api, leaseId, revision: lease.revision, encode: () => this.#stage.draft(), activeMs: () => this.#clock.activeMs,
      keepLocal: (record) => this.#local.putDraft({ ...record, leaseId, position: this.#position, savedAt: Date.now() }),
      onStatus: (status) => this.#showStatus(status),
    });
    // A bundle that was fetched in advance does not know of what was handed in since.
    this.#doneToday = Math.max(done_today, this.#doneToday);
    this.#messages.setNotice(null);
    this.#topbar.setWorking(true);
    this.#setProgress("");
    this.#showStatus(this.#saver.status);
    if (work.entries.length === 0) this.#local.forgetEntries(leaseId);
    await this.#stage.open(work);
    if (sent_back) this.#messages.show("sent-back", { tone: "warn", icon: "note", title: t("Sent back with a note"), text: sent_back.note, canClose: true });
    if (!work.image) this.#messages.show("image", { tone: "bad", icon: "image", title: t("Image missing"), text: t("The picture could not be found. Skip this person with “bad image”, or try once more."), actions: [{ label: t("Try now"), run: () => location.reload() }] });
    if (work.isForked) this.#saver.foundStale({ revision: lease.revision, saved_at: "", draft: work.bundle.draft });
    else if (work.isAhead) this.#saver.changed();
    this.#tabs.opened(leaseId);
  }

  #leaveWork() {
    this.#saver?.close();
    this.#saver = null;
    this.#work = null;
    for (const name of ["sent-back", "image", "elsewhere", "checks"]) this.#messages.hide(name);
    this.#panels.reset();
    this.#tabs.opened(null);
  }

  /** @param {string} id @param {KeyboardEvent | null} event @param {"press" | "release"} phase @param {SkipDialog} skip */
  #run(id, event, phase, skip) {
    this.#clock.touch();
    if (id === "help") return this.#keySheet.open();
    if (id === "pause") return this.#pause();
    if (this.#clock.isPaused) return false;
    if (id === "reopen_last") return void this.#reopenLast();
    if (!this.#work) return false;
    if (id === "submit") return void this.#submit();
    if (id === "skip") return skip.open();
    return this.#stage.run(id, event, phase);
  }

  /** Submit, after the checks: what is missing stops it, what is doubtful is asked. @param {boolean} [isSure] */
  async #submit(isSure = false) {
    const work = this.#work;
    if (!work) return;
    const { missing, asks } = this.#stage.checks();
    if (missing !== null) return void this.#messages.show("checks", { tone: "warn", icon: "warn", title: missing, canClose: true, forMs: 6000 });
    if (asks.length > 0 && !isSure) return this.#ask(asks);
    const { state } = this.#saver?.status ?? { state: "saved" };
    if (state === "stale" || state === "over") return void this.#messages.say(t("First choose what to do about the other version."));
    const answer = await this.#stage.answer();
    if (work !== this.#work) return;
    await this.#saver?.keepHere();
    this.#leaveWork();
    this.#topbar.setWorking(false);
    this.#topbar.setReady(false);
    this.#doneToday += 1;
    await this.#session.submit(answer);
  }

  /** @param {Check[]} asks */
  #ask(asks) {
    this.#messages.show("checks", {
      tone: "warn", icon: "warn", title: t("Before you submit"), text: asks.map((ask) => ask.title).join("\n"), canClose: true,
      actions: [
        { label: t("Submit anyway"), run: () => this.#submit(true), isPrimary: true },
        ...asks.filter((ask) => ask.show).map((ask) => ({ label: t("Show me"), run: () => ask.show?.() })),
      ],
    });
  }

  /** @param {string} reason @param {string} note */
  async #skip(reason, note) {
    await this.#session.skip(reason, note);
  }

  /** @param {{submission: any, reopen_until: string | null}} answer */
  #submitted({ submission, reopen_until }) {
    const until = reopen_until ? Date.parse(reopen_until) : 0;
    const id = typeof submission === "object" ? submission?.id : submission;
    this.#last = id && until > Date.now() ? { id, until } : null;
    if (this.#saver) this.#showStatus(this.#saver.status);
    if (this.#last) this.#messages.show("submitted", { tone: "ok", icon: "check", title: t("Handed in"), actions: [{ label: t("Take it back"), run: () => this.#reopenLast(), keys: "J" }], canClose: true, forMs: 5000 });
  }

  async #reopenLast() {
    const last = this.#last;
    this.#messages.hide("submitted");
    if (!last || last.until < Date.now()) return;
    try {
      await this.#saver?.saveNow();
      this.#doneToday -= 1;
      await this.#session.reopen(last.id);
      this.#last = null;
    } catch (error) {
      this.#sayTrouble(/** @type {ApiError} */ (error));
    }
  }

  /** @param {ApiError} error */
  #submitWaits(error) {
    if (error.kind === "login") this.#panels.askLogin();
    if (this.#saver) this.#showStatus(this.#saver.status);
  }

  /** @param {import("../core/saver.js").SaverStatus} status */
  #showStatus(status) {
    this.#topbar.setSave(status, this.#session?.waiting ?? 0);
    this.#panels.update(status);
  }

  /** @returns {import("./save-panels.js").SaveActions} */
  #saveActions() {
    return {
      tryNow: () => this.#online(),
      loggedIn: () => this.#online(),
      takeAgain: () => this.#takeAgain(),
      goOn: () => {
        this.#leaveWork();
        this.#session.next();
      },
      peek: (which) => this.#stage.peek(which === "theirs" ? this.#saver?.status.theirs?.draft : null),
      choose: async (which) => {
        await this.#stage.peek(null);
        if (which === "theirs") await this.#stage.replace(this.#saver?.status.theirs?.draft);
        await this.#saver?.resolve(which);
      },
    };
  }

  async #takeAgain() {
    try {
      const bundle = await this.#session.takeAgain();
      const work = /** @type {Work} */ (this.#work);
      this.#work = { ...work, bundle: { ...work.bundle, lease: bundle.lease } };
      const old = this.#saver;
      const isSameLease = bundle.lease.id === work.bundle.lease.id;
      if (isSameLease) return void (await old?.renewed(bundle.lease.revision));
      // A new lease: what is on the screen goes on under its id.
      await this.#show({ ...this.#work, draft: await this.#stage.draft(), entries: [], position: 0, isAhead: true, isForked: false });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#messages.show("save", { tone: "warn", icon: "clock", title: t("Someone else has this person now"), text: t("Your draft stays yours."), actions: [{ label: t("Go on with the next"), isPrimary: true, run: this.#saveActions().goOn }] });
    }
  }

  /** The line or the login is back. */
  async #online() {
    this.#session.flush();
    if (this.#work) await this.#saver?.saveNow();
    else await this.#session.retry();
  }

  /** @param {import("../core/session.js").Empty} empty */
  #sayEmpty(empty) {
    this.#leaveWork();
    this.#stage.close();
    this.#topbar.setWorking(false);
    this.#messages.setNotice({
      icon: empty.reason === "paused" ? "pause" : "person", title: t("No one for you now"), text: empty.message,
      actions: [
        { label: t("Look again"), isPrimary: true, run: () => this.#session.next() },
        { label: t("Back to the project"), run: () => location.assign(this.config.home_url) },
      ],
    });
  }

  /** @param {ApiError} error */
  #sayTrouble(error) {
    if (error.kind === "login") {
      this.#messages.setNotice({ tone: "warn", icon: "lock", title: t("Please log in again"), text: t("Your work is on this computer.") });
      return this.#panels.askLogin();
    }
    const isOffline = error.kind === "offline";
    this.#messages.setNotice({
      tone: isOffline ? "warn" : "bad", icon: isOffline ? "offline" : "warn",
      title: isOffline ? t("The server cannot be reached just now.") : t("That did not work"),
      text: isOffline ? t("What you did is kept on this computer and sends itself when the line is back.") : error.message,
      actions: [{ label: t("Try now"), isPrimary: true, run: () => this.#session.retry() }, { label: t("Back to the project"), run: () => location.assign(this.config.home_url) }],
    });
  }

  /** @param {ApiError} error @param {string} leaseId */
  #sayReturned(error, leaseId) {
    this.#messages.show("returned", {
      tone: "bad", icon: "note", title: t("The last person came back"), text: `${error.message} ${t("Your work is on this computer.")}`,
      actions: [{ label: t("Open it"), isPrimary: true, run: () => { this.#messages.hide("returned"); this.#leaveWork(); this.#session.open(leaseId); } }], canClose: true,
    });
  }

  /** @param {boolean} isLater whether this is the later window */
  #sayElsewhere(isLater) {
    this.#messages.show("elsewhere", {
      tone: "warn", icon: "windows", title: t("Open in another window"),
      text: isLater ? t("This person is already open there. Work in one of the two.") : t("You went on there. Nothing is lost."),
      actions: [{ label: t("Use this window"), isPrimary: true, run: () => { this.#tabs.takeOver(); if (isLater) this.#messages.hide("elsewhere"); else location.reload(); } }],
    });
  }

  #pause() {
    if (this.#clock.isPaused) {
      this.#clock.resume();
      return this.#messages.setNotice(null);
    }
    if (!this.#work) return;
    this.#clock.pause();
    this.#messages.setNotice({ icon: "pause", title: t("Paused. Your place is kept"), text: t("The clock stands."), actions: [{ label: t("Go on"), isPrimary: true, keys: "K", run: () => this.#pause() }] });
  }

  /** @param {string} detail */
  #setProgress(detail) {
    this.#progress = detail;
    this.#topbar.setProgress(this.#doneToday, this.#progress);
  }

  #historyKeeper() {
    const leaseId = this.#work?.bundle.lease.id ?? "";
    return {
      put: (/** @type {number} */ index, /** @type {any} */ delta) => void this.#local.putEntry(leaseId, index, delta),
      move: (/** @type {number} */ position) => {
        this.#position = position;
      },
    };
  }

  /** @param {Record<string, any>} patch */
  #saveSettings(patch) {
    this.#settings = { ...this.#settings, ...patch };
    clearTimeout(this.#settingsTimer);
    this.#settingsTimer = setTimeout(() => this.#api.patch("me", { workbench_settings: this.#settings }).catch(() => {}), SETTINGS_DELAY_MS);
  }

  /** @param {string} group @param {import("../core/keys.js").Bindings} own */
  #saveBindings(group, own) {
    this.config.user.key_bindings = { ...this.config.user.key_bindings, [group]: own };
    this.#showKeys();
    this.#api.patch("me", { key_bindings: this.config.user.key_bindings }).catch(() => this.#messages.say(t("Not saved yet")));
  }

  /** Write the present key of its action into each element with data-keys. */
  #showKeys() {
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-keys]"))) {
      const [key] = this.#keyMap.keysOf(place.dataset.keys ?? "");
      const caps = key ? capsOf(key, isMac) : [];
      if (place.tagName === "KBD") place.textContent = caps.join("");
      else place.replaceChildren(...caps.map((cap) => element("kbd", { text: cap })));
      place.hidden = caps.length === 0;
    }
  }

  #listenToPage() {
    for (const type of ["pointerdown", "pointermove", "wheel", "keydown"]) {
      addEventListener(type, () => this.#clock.touch(), { passive: true, capture: true });
    }
    setInterval(() => this.#topbar.setClock(this.#clock.activeMs), 1000);
    addEventListener("online", () => this.#online());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#saver?.saveNow();
    });
    addEventListener("pagehide", () => this.#session.leavePage());
    hook("open-keys").addEventListener("click", () => this.#keySheet.open());
  }
}

/** What the page says of itself: its json_script, and the addresses that its template knows. @returns {Config} */
function readConfig() {
  const raw = readJson("workbench-config");
  const { homeUrl, signInUrl, username } = document.body.dataset;
  return {
    ...raw,
    home_url: raw.home_url ?? homeUrl ?? "/",
    sign_in_url: raw.sign_in_url ?? signInUrl ?? "/sign-in",
    user: { ...raw.user, username: raw.user.username || username || raw.user.name, key_bindings: raw.user.key_bindings ?? raw.key_bindings ?? {}, settings: raw.user.settings ?? raw.workbench_settings ?? {} },
  };
}

/** @returns {import("../core/keys.js").Action[]} */
function shellActions() {
  const group = t("Move on");
  return [
    { id: "submit", label: t("Submit"), group, keys: ["mod+enter"] },
    { id: "skip", label: t("Skip, with a reason"), group, keys: ["s"] },
    { id: "pause", label: t("Pause"), group, keys: ["k"] },
    { id: "reopen_last", label: t("Take back the last person"), group, keys: ["j"] },
    { id: "help", label: t("This sheet"), group, keys: ["?"] },
  ];
}
