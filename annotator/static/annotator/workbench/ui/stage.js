/** What the shell and a stage know of each other; a stage is what is its own of parts or of points. */

/** @typedef {import("../core/work.js").Work} Work */
/** @typedef {import("../core/work.js").Bundle} Bundle */
/** @typedef {import("../core/api.js").Api} Api */
/** @typedef {import("../core/keys.js").KeyMap} KeyMap */
/** @typedef {import("./config.js").Config} Config */
/** @typedef {import("./messages.js").Messages} Messages */

/**
 * @typedef {object} Check A question before submitting; it never changes anything by itself.
 * @property {string} title
 * @property {() => void} [show] jump to the place
 */

/** @typedef {{missing: string | null, asks: Check[]}} Checks what stops submitting, and what is asked first */

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
 * @property {() => Checks | Promise<Checks>} checks
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

export {};
