/**
 * What both workbenches share, wired once: the page's settings, the session, saving, keys, messages. A stage brings what is
 * its own, as a `Stage`, and is told when there is work; it tells the shell what changed.
 */

import { ActiveClock } from "../core/active-clock.js";
import { Api } from "../core/api.js";
import { DraftStore } from "../core/draft-store.js";
import { KeyMap, listenForKeys } from "../core/keys.js";
import { Session } from "../core/session.js";
import { t, useStrings } from "../core/strings.js";
import { TabWatch } from "../core/tab-watch.js";
import { readConfig } from "./config.js";
import { hook, readJson } from "./dom.js";
import { HandingIn } from "./handing-in.js";
import { fillIcons } from "./icons.js";
import { KeySheet } from "./keysheet.js";
import { Line } from "./line.js";
import { loginForm } from "./login-form.js";
import { Messages } from "./messages.js";
import { NoteDialog } from "./note-dialog.js";
import { Notices } from "./notices.js";
import { listenToPage, browserId } from "./page-life.js";
import { keepPage } from "./page-keeper.js";
import { Preferences, showHand, showKeys } from "./preferences.js";
import { SavePanels } from "./save-panels.js";
import { shellActions } from "./shell-actions.js";
import { SkipDialog } from "./skip-dialog.js";
import { Topbar } from "./topbar.js";
import { WorkInHand } from "./work-in-hand.js";

/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("./config.js").Config} Config */
/** @typedef {import("./config.js").Part} Part */

/** @typedef {import("./stage.js").Check} Check */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./stage.js").ShellForStage} ShellForStage */

export class Shell {
  config = readConfig();
  #api = new Api({ base: this.config.api, csrfCookie: this.config.csrf_cookie, browserId: browserId() });
  #local = new DraftStore();
  #clock = new ActiveClock();
  #messages = new Messages({ margin: hook("messages"), stage: hook("notice"), voice: hook("voice") });
  #preferences = new Preferences(this.#api, this.config);
  #keyMap = new KeyMap([]);
  #stage;
  #session;
  #topbar;
  #keySheet;
  #skipDialog;
  #noteDialog;
  #guide = /** @type {HTMLDialogElement} */ (hook("guide"));
  #panels;
  #notices;
  #tabs;
  #hand;
  #handingIn;
  #line;

  /** @param {(shell: ShellForStage) => Stage} makeStage */
  constructor(makeStage) {
    const { config } = this;
    useStrings({ ...readJson("workbench-strings"), ...config.view_words });
    fillIcons();
    this.#hand = new WorkInHand({
      api: this.#api, local: this.#local, clock: this.#clock, stage: () => this.#stage, session: () => this.#session, events: this.#handEvents(),
    });
    this.#stage = makeStage(this.#forStage());
    // Only the stage knows its actions, so the keys come after it.
    this.#keyMap = new KeyMap([...this.#stage.actions, ...shellActions()], this.#preferences.bindings);
    showKeys(this.#keyMap);
    this.#keySheet = new KeySheet(this.#keyMap, (own) => this.#saveBindings(own));
    this.#noteDialog = new NoteDialog(this.#api, this.#messages);
    showHand(this.#preferences);
    this.#skipDialog = new SkipDialog((reason, note) => this.#session.skip(reason, note));
    this.#topbar = new Topbar({ onSubmit: () => this.#handingIn.submitOrInsist(), onSkip: () => this.#skipDialog.open(), onSave: () => this.#hand.saver?.saveNow() });
    const login = { api: this.#api, signInUrl: config.sign_in_url, user: config.user };
    this.#notices = new Notices(this.#messages, {
      next: () => this.#session.next(),
      retry: () => this.#session.retry(),
      leave: () => location.assign(config.home_url),
      loginForm: (onDone) => loginForm({ ...login, onDone, onLater: () => location.assign(config.home_url), laterLabel: t("Back to the project") }),
    }, this.#keyMap);
    this.#tabs = new TabWatch({ onElsewhere: () => this.#sayElsewhere(true), onTakenOver: () => this.#sayElsewhere(false) });
    this.#session = new Session({
      api: this.#api, projectId: config.project.id, stage: config.stage, userId: config.user.id ?? 0, local: this.#local,
      clock: this.#clock, prepare: (bundle) => this.#stage.prepare(bundle), events: this.#sessionEvents(),
      isSingle: Boolean(config.back),
    });
    this.#line = new Line({ hand: this.#hand, session: this.#session, stage: this.#stage, leaveWork: () => this.#leaveWork() });
    this.#panels = new SavePanels(this.#messages, this.#line.actions(), login);
    this.#handingIn = new HandingIn({
      hand: this.#hand, stage: this.#stage, session: this.#session, messages: this.#messages, notices: this.#notices, topbar: this.#topbar,
      leaveWork: () => this.#leaveWork(), back: config.back,
    });
    listenForKeys(document, this.#keyMap, (id, event, phase) => this.#run(id, event, phase));
    this.#listen();
  }

  async start() {
    const isOld = ["CompressionStream", "createImageBitmap", "indexedDB", "PointerEvent"].some((name) => !(name in globalThis));
    if (isOld) return this.#notices.oldBrowser();
    await this.#session.start(this.config.lease || undefined);
    await keepPage(document.body.dataset.offlineUrl ?? "");
  }

  /** @returns {ShellForStage} */
  #forStage() {
    const keyMap = () => this.#keyMap;
    return {
      config: this.config, api: this.#api, messages: this.#messages,
      get keyMap() { return keyMap(); },
      changed: () => {
        this.#hand.saver?.changed();
        this.#handingIn.edited();
      },
      setProgress: (detail) => this.#topbar.setProgress(this.#handingIn.doneToday, detail),
      setReady: (isReady) => this.#topbar.setReady(isReady),
      saveSettings: (patch) => this.#preferences.saveSettings(patch),
      historyKeeper: () => this.#hand.historyKeeper(),
    };
  }

  /** @returns {import("../core/session.js").SessionEvents} */
  #sessionEvents() {
    return {
      onWork: (work) => this.#show(work),
      onLoading: () => this.#notices.loading(),
      onEmpty: (empty) => {
        this.#leaveWork();
        this.#stage.close();
        this.#topbar.setWorking(false);
        document.body.classList.add("is-idle");
        this.#notices.empty(empty);
      },
      onTrouble: (error) => this.#notices.trouble(error),
      onSubmitted: (answer) => {
        this.#handingIn.taken(answer);
        this.#showStatus();
      },
      onSubmitWaits: (error) => {
        if (error.kind === "login") this.#panels.askLogin();
        this.#showStatus();
      },
      onReturned: (error, leaseId) => this.#notices.returned(error, () => {
        this.#leaveWork();
        this.#session.open(leaseId);
      }),
      onLeaseOver: (error) => this.#hand.saver?.leaseOver(error),
      onElsewhere: () => this.#sayElsewhere(false),
    };
  }

  /** @returns {import("./work-in-hand.js").HandEvents} */
  #handEvents() {
    return {
      onStatus: () => this.#showStatus(),
      onElsewhere: () => this.#sayElsewhere(false),
      onRetaken: (isLate) => {
        this.#panels.reset();
        this.#tabs.opened(this.#hand.work?.bundle.lease.id ?? null);
        if (isLate) this.#notices.retaken();
      },
      onNotRetaken: (error) => {
        this.#showStatus();
        this.#panels.taken(error);
      },
      onChanged: ({ bundle }) => {
        this.#leaveWork();
        this.#session.open(this.#session.current?.bundle.lease.id ?? bundle.lease.id);
      },
    };
  }

  /** @param {Work} work */
  async #show(work) {
    this.#leaveWork();
    this.#hand.take(work);
    const { lease, done_today, sent_back, training } = work.bundle;
    // A bundle that was fetched in advance does not know of what was handed in since.
    this.#handingIn.doneToday = Math.max(done_today, this.#handingIn.doneToday);
    this.#topbar.setProgress(this.#handingIn.doneToday);
    this.#showStatus();
    await this.#stage.open(work);
    if (this.#hand.work !== work) return;
    this.#notices.clear();
    this.#topbar.setWorking(true);
    document.body.classList.remove("is-idle");
    if (sent_back) this.#notices.sentBack(sent_back);
    if (training) this.#notices.training(training);
    if (!work.image) this.#notices.imageMissing();
    this.#hand.shown();
    this.#tabs.opened(lease.id);
    if (lease.is_elsewhere) this.#sayElsewhere(true);
  }

  #leaveWork() {
    this.#hand.put();
    this.#notices.forgetWork();
    this.#panels.reset();
    this.#tabs.opened(null);
  }

  /** @param {string} id @param {KeyboardEvent | null} event @param {"press" | "release"} phase @returns {boolean | void} */
  #run(id, event, phase) {
    this.#clock.touch();
    if (id === "help") return this.#keySheet.open();
    if (id === "guide") return this.#guide.showModal();
    if (id === "pause") return this.#pause();
    if (this.#clock.isPaused) return false;
    if (id === "reopen_last") return void this.#handingIn.takeBack();
    if (!this.#hand.work) return false;
    if (id === "submit") return void this.#handingIn.submitOrInsist();
    if (id === "skip") return this.#skipDialog.open();
    if (id === "note") return this.#noteDialog.open(this.#hand.work.bundle);
    return this.#stage.run(id, event, phase);
  }

  #showStatus() {
    const { saver } = this.#hand;
    if (!saver) return;
    this.#topbar.setSave(saver.status, this.#session?.waiting ?? 0);
    this.#panels.update(saver.status);
    // Where it ended, which window has it is no question any more.
    if (saver.status.state === "over") this.#messages.hide("elsewhere");
  }

  /** Two windows have this person open. @param {boolean} isLater whether this is the later one */
  #sayElsewhere(isLater) {
    this.#notices.elsewhere(isLater, () => {
      this.#tabs.takeOver();
      return this.#session.takeOver();
    });
  }

  #pause() {
    if (this.#clock.isPaused) {
      this.#clock.resume();
      this.#notices.clear();
    } else if (this.#hand.work) {
      this.#clock.pause();
      this.#notices.paused(() => this.#pause());
    }
  }

  /** @param {import("../core/keys.js").Bindings} own */
  #saveBindings(own) {
    showKeys(this.#keyMap);
    this.#preferences.saveBindings(own).catch(() => this.#messages.show("keys", { tone: "warn", icon: "warn", title: t("Your keys are not saved yet"), text: t("They hold in this window."), canClose: true }));
  }

  #listen() {
    listenToPage({
      touched: () => this.#clock.touch(),
      eachSecond: () => this.#topbar.setClock(this.#clock.activeMs),
      online: () => this.#line.online(),
      hidden: () => this.#hand.saver?.saveNow(),
      shown: () => this.#line.wake(),
      left: () => this.#session.leavePage(),
    });
    hook("open-keys").addEventListener("click", () => this.#keySheet.open());
    hook("open-guide").addEventListener("click", () => this.#guide.showModal());
    hook("guide-close").addEventListener("click", () => this.#guide.close());
    hook("open-note").addEventListener("click", () => this.#hand.work && this.#noteDialog.open(this.#hand.work.bundle));
  }
}
