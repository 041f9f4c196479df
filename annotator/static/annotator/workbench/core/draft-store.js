/**
 * The copy on this computer, in IndexedDB: what is needed to show each lease, its draft, its undo entries, and submissions not yet taken by the server.
 * Entries are written at the moment of each edit, the whole draft when the hand rests; what a draft lacks is in the entries after it.
 * Where IndexedDB is missing or full (private windows), everything goes on without it and `isAvailable` says so.
 */

/**
 * @typedef {object} LocalDraft
 * @property {string} leaseId
 * @property {any} draft as it would be sent
 * @property {number} revision of the server, on which it rests
 * @property {boolean} isDirty not yet taken by the server
 * @property {number} activeMs
 * @property {number} position entries of the history that `draft` holds
 * @property {number} savedAt ms since 1970
 */

/**
 * @typedef {object} PendingSubmission
 * @property {string} clientUuid
 * @property {string} leaseId
 * @property {string} stage
 * @property {number} projectId
 * @property {number} userId
 * @property {any} answer
 * @property {number} activeMs
 * @property {number} savedAt
 */

const KEEP_MS = 14 * 24 * 3600 * 1000;
// Where the history stands is kept beside its entries, under an index that none of them has.
const POSITION = -1;

export class DraftStore {
  /** @type {Promise<IDBDatabase | null>} */
  #database;
  isAvailable = true;

  /** @param {string} [name] */
  constructor(name = "densepose-workbench") {
    this.#database = open(name).catch(() => {
      this.isAvailable = false;
      return null;
    });
    this.#forgetOld();
  }

  /** @param {LocalDraft} record */
  putDraft(record) {
    return this.#run("drafts", "readwrite", (store) => store.put(record));
  }

  /** @param {string} leaseId @returns {Promise<LocalDraft | null>} */
  async draftOf(leaseId) {
    return (await this.#run("drafts", "readonly", (store) => store.get(leaseId))) ?? null;
  }

  /**
   * Keep an undo entry, done just now, and forget all after it.
   * @param {string} leaseId
   * @param {number} index
   * @param {unknown} delta
   */
  putEntry(leaseId, index, delta) {
    return this.#run("entries", "readwrite", (store) => {
      store.delete(IDBKeyRange.bound([leaseId, index], [leaseId, Infinity]));
      store.put({ leaseId, index: POSITION, position: index + 1 });
      return store.put({ leaseId, index, delta });
    });
  }

  /** Keep how many entries are done, after undo or redo. @param {string} leaseId @param {number} position */
  putPosition(leaseId, position) {
    return this.#run("entries", "readwrite", (store) => store.put({ leaseId, index: POSITION, position }));
  }

  /** @param {string} leaseId @returns {Promise<{entries: {index: number, delta: any}[], position: number | null}>} entries in order; position null: not known */
  async historyOf(leaseId) {
    const rows = (await this.#run("entries", "readonly", (store) => store.getAll(wholeLease(leaseId)))) ?? [];
    const [first, ...others] = rows;
    return first?.index === POSITION ? { entries: others, position: first.position } : { entries: rows, position: null };
  }

  /** A lease goes on under another id. @param {string} from @param {string} to @param {number} revision of the new one */
  async move(from, to, revision) {
    if (from === to) return;
    const draft = await this.draftOf(from);
    const rows = (await this.#run("entries", "readonly", (store) => store.getAll(wholeLease(from)))) ?? [];
    if (rows.length > 0) {
      await this.#run("entries", "readwrite", (store) => rows.map((/** @type {any} */ row) => store.put({ ...row, leaseId: to })).at(-1));
    }
    if (draft) await this.putDraft({ ...draft, leaseId: to, revision, isDirty: true });
    await this.forget(from);
  }

  /** @param {string} leaseId */
  forgetEntries(leaseId) {
    return this.#run("entries", "readwrite", (store) => store.delete(wholeLease(leaseId)));
  }

  /** Forget all of a lease: it was submitted, skipped, or taken from the server anew. @param {string} leaseId */
  async forget(leaseId) {
    await this.forgetEntries(leaseId);
    await this.#run("drafts", "readwrite", (store) => store.delete(leaseId));
    await this.#run("bundles", "readwrite", (store) => store.delete(leaseId));
  }

  /** Keep all that is needed to show a lease. @param {import("./work.js").Bundle} bundle */
  putBundle(bundle) {
    return this.#run("bundles", "readwrite", (store) => store.put({ leaseId: bundle.lease.id, bundle, savedAt: Date.now() }));
  }

  /**
   * The bundle of a lease as the server would give it, as far as this computer knows.
   * @param {string} leaseId
   * @returns {Promise<import("./work.js").Bundle | null>}
   */
  async bundleOf(leaseId) {
    const [kept, draft] = await Promise.all([this.#run("bundles", "readonly", (store) => store.get(leaseId)), this.draftOf(leaseId)]);
    if (!kept || !draft) return kept?.bundle ?? null;
    const lease = { ...kept.bundle.lease, revision: draft.revision, active_ms: draft.activeMs, is_elsewhere: false };
    return { ...kept.bundle, lease, draft: draft.isDirty ? kept.bundle.draft : draft.draft };
  }

  /** @param {PendingSubmission} submission */
  putSubmission(submission) {
    return this.#run("outbox", "readwrite", (store) => store.put(submission));
  }

  /** @returns {Promise<PendingSubmission[]>} */
  async submissions() {
    return (await this.#run("outbox", "readonly", (store) => store.getAll())) ?? [];
  }

  /** @param {string} clientUuid */
  forgetSubmission(clientUuid) {
    return this.#run("outbox", "readwrite", (store) => store.delete(clientUuid));
  }

  async #forgetOld() {
    const drafts = await this.#run("drafts", "readonly", (store) => store.getAll());
    const bundles = await this.#run("bundles", "readonly", (store) => store.getAll());
    for (const record of /** @type {{leaseId: string, savedAt: number}[]} */ ([...(drafts ?? []), ...(bundles ?? [])])) {
      if (Date.now() - record.savedAt > KEEP_MS) await this.forget(record.leaseId);
    }
  }

  /**
   * @param {string} name
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} work the last request of it is the result
   * @returns {Promise<any>} undefined where there is no store
   */
  async #run(name, mode, work) {
    const database = await this.#database;
    if (!database) return undefined;
    return new Promise((resolve) => {
      const fail = () => {
        this.isAvailable = false;
        resolve(undefined);
      };
      try {
        const transaction = database.transaction(name, mode, { durability: "relaxed" });
        const request = work(transaction.objectStore(name));
        // Not when the answers are back, but with the requests: a page that dies in between has written.
        if (mode === "readwrite") transaction.commit();
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = fail;
      } catch {
        fail();
      }
    });
  }
}

/** @param {string} leaseId */
function wholeLease(leaseId) {
  return IDBKeyRange.bound([leaseId, POSITION], [leaseId, Infinity]);
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function open(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 2);
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result } = request;
      if (oldVersion < 1) {
        result.createObjectStore("drafts", { keyPath: "leaseId" });
        result.createObjectStore("entries", { keyPath: ["leaseId", "index"] });
        result.createObjectStore("outbox", { keyPath: "clientUuid" });
      }
      result.createObjectStore("bundles", { keyPath: "leaseId" });
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("IndexedDB is held by an older page"));
  });
}
