/** Small observable state: one flat object, shallow patches, listeners by key. Nothing here knows of the DOM. */

/**
 * @template {object} S
 */
export class Store {
  /** @type {S} */
  #state;
  /** @type {Set<{keys: (keyof S)[], listener: (state: Readonly<S>, changed: Set<keyof S>) => void}>} */
  #watchers = new Set();

  /** @param {S} initial */
  constructor(initial) {
    this.#state = { ...initial };
  }

  /** @returns {Readonly<S>} */
  get state() {
    return this.#state;
  }

  /**
   * Merge a patch and tell those who watch a key whose value is now another one (Object.is).
   * @param {Partial<S>} patch
   */
  set(patch) {
    /** @type {Set<keyof S>} */
    const changed = new Set();
    for (const key of /** @type {(keyof S)[]} */ (Object.keys(patch))) {
      if (!Object.is(this.#state[key], patch[key])) changed.add(key);
    }
    if (changed.size === 0) return;
    this.#state = { ...this.#state, ...patch };
    for (const { keys, listener } of [...this.#watchers]) {
      if (keys.length === 0 || keys.some((key) => changed.has(key))) listener(this.#state, changed);
    }
  }

  /**
   * Call `listener` when one of `keys` changes (an empty list: on any change).
   * @param {(keyof S)[]} keys
   * @param {(state: Readonly<S>, changed: Set<keyof S>) => void} listener
   * @returns {() => void} stop watching
   */
  watch(keys, listener) {
    const watcher = { keys, listener };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
