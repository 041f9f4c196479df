/**
 * The views of the parts, ready to show. The files of every part are fetched once and kept packed (some 400 KB a part);
 * unpacked they take 23 MB a part, so only the parts at hand stay unpacked. A change of part then costs nothing.
 */

import { inflate } from "../core/label-map.js";
import { decodePart } from "./pick-map.js";
import { framesOf } from "./view-frame.js";

/** @typedef {import("./pick-map.js").PartSurface} PartSurface */
/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {{surface: PartSurface, pictures: ImageBitmap[], frames: Rect[]}} PartViews pictures, frames by view number - 1 */
/** @typedef {{manifest: any, pick: Uint8Array, pictures: Blob[]}} Packed */

/** Unpacked parts kept: the one in work, the one after it, the last ones, the first of the next person. */
const MAX_UNPACKED = 5;

export class ViewCache {
  /** @type {Map<string, Promise<Packed>>} */
  #packed = new Map();
  /** @type {Map<string, Promise<PartViews>>} least recently used first */
  #unpacked = new Map();
  /** @type {Map<string, PartViews>} those of the above that have come */
  #ready = new Map();
  /** The part that the next person begins with: it stays unpacked, whatever is looked at before. */
  #awaited = "";
  #fetch;

  /** @param {typeof globalThis.fetch} [fetcher] */
  constructor(fetcher = (...args) => globalThis.fetch(...args)) {
    this.#fetch = fetcher;
  }

  /**
   * A part's views. A failed load is forgotten, so that asking again tries again.
   * @param {string} base address of the part's folder, with its last slash
   * @returns {Promise<PartViews>}
   */
  load(base) {
    const kept = this.#unpacked.get(base);
    if (kept) this.#unpacked.delete(base);
    const views = kept ?? this.#unpack(base);
    this.#unpacked.set(base, views);
    if (!kept) {
      views.then(
        (come) => this.#unpacked.get(base) === views && this.#ready.set(base, come),
        () => this.#unpacked.delete(base),
      );
    }
    while (this.#unpacked.size > MAX_UNPACKED) {
      // Its pictures may still be on screen; they are freed when nobody holds them.
      const oldest = /** @type {string} */ ([...this.#unpacked.keys()].find((one) => one !== this.#awaited));
      this.#unpacked.delete(oldest);
      this.#ready.delete(oldest);
    }
    return views;
  }

  /** Have the part unpacked that the next person begins with. @param {string} base */
  await(base) {
    this.#awaited = base;
    this.load(base).catch(() => {});
  }

  /** A part's views where they can be shown this moment. @param {string} base @returns {PartViews | null} */
  ready(base) {
    return this.#ready.get(base) ?? null;
  }

  /**
   * Fetch parts one after another, in the order in which they will be wanted.
   * @param {string[]} bases
   */
  async preload(bases) {
    for (const base of bases) await this.#fetchPart(base).catch(() => {});
  }

  /** @param {string} base @returns {Promise<PartViews>} */
  async #unpack(base) {
    const { manifest, pick, pictures } = await this.#fetchPart(base);
    const [bytes, ...bitmaps] = await Promise.all([inflate(pick), ...pictures.map((blob) => createImageBitmap(blob))]);
    const surface = decodePart(manifest, /** @type {ArrayBuffer} */ (bytes.buffer));
    return { surface, pictures: bitmaps, frames: framesOf(surface) };
  }

  /** @param {string} base @returns {Promise<Packed>} */
  #fetchPart(base) {
    const kept = this.#packed.get(base);
    if (kept) return kept;
    const packed = this.#download(base);
    this.#packed.set(base, packed);
    packed.catch(() => this.#packed.delete(base));
    return packed;
  }

  /** @param {string} base @returns {Promise<Packed>} */
  async #download(base) {
    const get = async (/** @type {string} */ name) => {
      const response = await this.#fetch(base + name, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`${base}${name}: ${response.status}`);
      return response;
    };
    const manifest = await (await get("manifest.json")).json();
    const views = [...manifest.views].sort((a, b) => a.number - b.number);
    const [pick, ...pictures] = await Promise.all([
      get("pick.bin").then((response) => response.arrayBuffer()),
      ...views.map((view) => get(view.picture).then((response) => response.blob())),
    ]);
    return { manifest, pick: new Uint8Array(pick), pictures };
  }
}
