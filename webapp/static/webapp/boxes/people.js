// @ts-check
/** The people of one image and their journey to the server: shown at once, saved in order, corrected when stale. */

import { ApiError, call } from "../api.js";

/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {{id: number, box: Box, is_crowd: boolean, is_ignored: boolean, is_proposed: boolean, is_deleted: boolean, revision: number}} Person */
/** @typedef {{people_url: string, person_url: string, csrf_cookie: string, words: Record<string, string>}} Addresses */

export class People extends EventTarget {
  /** @type {Person[]} */
  list = [];
  #addresses;
  /** The last that was removed, as the server has it. @type {Person | undefined} */
  #removed;
  /** Changes that were not sent yet. @type {Map<number, Partial<Person>>} */
  #waiting = new Map();
  /** Writes go one after the other: each needs the revision that the one before it made. */
  #queue = Promise.resolve();

  /** @param {Addresses} addresses */
  constructor(addresses) {
    super();
    this.#addresses = addresses;
  }

  async load() {
    this.list = await this.#call("GET", this.#addresses.people_url);
    this.#changed();
  }

  /** @param {number} id */
  find(id) {
    return this.list.find((person) => person.id === id);
  }

  /** @param {Box} box @returns {Promise<Person | undefined>} */
  async add(box) {
    /** @type {Person | undefined} */
    let made;
    await this.#inOrder(async () => {
      made = await this.#call("POST", this.#addresses.people_url, { box });
      this.list.push(/** @type {Person} */ (made));
    });
    return made;
  }

  /**
   * Show a change now and save it; a stale one is replaced by what the server has.
   * @param {number} id @param {Partial<Person>} changes
   */
  async change(id, changes) {
    this.preview(id, changes);
    const waiting = this.#waiting.get(id);
    this.#waiting.set(id, { ...waiting, ...changes });
    // A held key asks thirty times a second: what waits already takes the newer change along.
    if (waiting) return this.#queue;
    await this.#inOrder(async () => {
      const wanted = this.#waiting.get(id);
      this.#waiting.delete(id);
      const person = this.find(id);
      if (!person) return;
      const url = this.#addresses.person_url.replace(/0$/, String(id));
      const saved = await this.#call("PATCH", url, { ...wanted, revision: person.revision });
      this.#replace(saved);
    });
  }

  /** @param {number} id @param {Partial<Person>} changes */
  preview(id, changes) {
    const person = this.find(id);
    if (person) Object.assign(person, changes);
    this.#changed();
  }

  /** @param {number} id */
  async remove(id) {
    await this.change(id, { is_deleted: true });
    return this.#removed;
  }

  /** Bring back a person that was removed. @param {Person} person */
  async restore(person) {
    if (!this.find(person.id)) this.list.push(person);
    await this.change(person.id, { is_deleted: false });
  }

  /** @param {() => Promise<void>} write */
  async #inOrder(write) {
    const done = this.#queue.then(async () => {
      this.#tell(this.#addresses.words.saving, false);
      try {
        await write();
        this.#tell(this.#addresses.words.saved, false);
      } catch (error) {
        this.#tell(await this.#mend(error), true);
      }
      this.#changed();
    });
    this.#queue = done;
    await done;
  }

  /** @param {unknown} error @returns {Promise<string>} what to say */
  async #mend(error) {
    const { words } = this.#addresses;
    if (!(error instanceof ApiError)) return words.offline;
    await this.load().catch(() => undefined);
    return error.code === "person_stale" ? words.stale : error.message;
  }

  /** @param {Person} saved */
  #replace(saved) {
    const at = this.list.findIndex((person) => person.id === saved.id);
    if (at < 0) return;
    if (!saved.is_deleted) this.list[at] = { ...saved, ...this.#waiting.get(saved.id) };
    else [this.#removed] = [saved, ...this.list.splice(at, 1)];
  }

  /** @param {string} method @param {string} url @param {unknown} [body] */
  #call(method, url, body) {
    return call(method, url, body, this.#addresses.csrf_cookie);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} text @param {boolean} isBad */
  #tell(text, isBad) {
    this.dispatchEvent(new CustomEvent("told", { detail: { text, isBad } }));
  }
}
