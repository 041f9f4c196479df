/** Time counted only while someone works: the page is in sight, not paused, and something was done in the last half minute. */

const IDLE_AFTER_MS = 30_000;

export class ActiveClock {
  #now;
  #total = 0;
  // Counted up to here; null while the clock stands.
  /** @type {number | null} */
  #countedTo = null;
  #lastTouch = 0;
  #isPaused = false;

  /** @param {() => number} [now] milliseconds that never run backwards */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** @param {number} totalMs what was counted before */
  start(totalMs) {
    this.#total = totalMs;
    this.#countedTo = null;
    this.#isPaused = false;
    this.touch();
  }

  /** Something was done: a key, a pointer, a wheel. */
  touch() {
    if (this.#isPaused) return;
    this.#count();
    this.#lastTouch = this.#now();
    this.#countedTo ??= this.#lastTouch;
  }

  pause() {
    this.#count();
    this.#isPaused = true;
    this.#countedTo = null;
  }

  resume() {
    this.#isPaused = false;
    this.touch();
  }

  get isPaused() {
    return this.#isPaused;
  }

  /** How long nothing was done. */
  get idleMs() {
    return this.#now() - this.#lastTouch;
  }

  /** Whole milliseconds of work so far. */
  get activeMs() {
    this.#count();
    return Math.round(this.#total);
  }

  #count() {
    if (this.#countedTo === null) return;
    const now = this.#now();
    const end = Math.min(now, this.#lastTouch + IDLE_AFTER_MS);
    this.#total += Math.max(0, end - this.#countedTo);
    this.#countedTo = end < now ? null : now;
  }
}
