/** What the edge-following tools know of the photograph at hand: its regions and the ways along its edges, had from a worker when first wanted. */

/** @typedef {import("../../core/viewport.js").Point} Point */
/** @typedef {import("./regions.js").Regions} Regions */

const ASK_AGAIN_MS = 1500;
const ASKS = 40;

export class Edges {
  /** @type {Regions | null} */
  regions = null;
  /** Told when regions have come. */
  onReady = () => {};
  #workerUrl;
  /** @type {Worker | null} */
  #worker = null;
  #lastId = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** @type {{url: string | undefined, image: ImageBitmap | null, width: number, height: number} | null} */
  #photo = null;
  #isAsked = false;
  /** @type {Promise<any> | null} */
  #mapped = null;

  /** @param {string | undefined} workerUrl */
  constructor(workerUrl) {
    this.#workerUrl = workerUrl;
  }

  /** Another photograph; nothing is asked for yet. @param {{url: string | undefined, image: ImageBitmap | null, width: number, height: number} | null} photo */
  open(photo) {
    this.#photo = photo;
    this.regions = null;
    this.#isAsked = false;
    this.#mapped = null;
  }

  /** Regions will be wanted: ask for them, again while they are being made. */
  async prepare() {
    const photo = this.#photo;
    if (!photo?.url || this.#isAsked) return;
    this.#isAsked = true;
    for (let n = 0; n < ASKS && photo === this.#photo; n += 1) {
      const response = await fetch(photo.url, { credentials: "same-origin" }).catch(() => null);
      if (response?.status === 200) {
        const bytes = new Uint8Array(await response.arrayBuffer());
        const regions = await this.#ask({ kind: "regions", bytes, width: photo.width, height: photo.height });
        if (photo !== this.#photo) return;
        this.regions = regions;
        return this.onReady();
      }
      await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
    }
    // Another try when the tool is taken up again.
    if (photo === this.#photo) this.#isAsked = false;
  }

  /** The way along edges. @param {Point} from image pixels @param {Point} to @returns {Promise<Point[]>} */
  async wire(from, to) {
    const photo = this.#photo;
    if (!photo?.image) return [from, to];
    this.#mapped ??= createImageBitmap(photo.image).then((image) => this.#ask({ kind: "photo", image }, [image]));
    await this.#mapped;
    return this.#ask({ kind: "wire", from: { x: from.x, y: from.y }, to: { x: to.x, y: to.y } });
  }

  /** @param {Record<string, any>} message @param {Transferable[]} [transfer] @returns {Promise<any>} */
  #ask(message, transfer = []) {
    const worker = (this.#worker ??= this.#start());
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...message }, transfer);
    });
  }

  #start() {
    const worker = new Worker(/** @type {string} */ (this.#workerUrl), { type: "module" });
    worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error));
      else waiting?.resolve(answer);
    });
    return worker;
  }
}
