/** One lease as a person works on it: what the server gave, its picture, and what this computer kept of it. */

import { ApiError } from "./api.js";
import { isSame } from "./saver.js";

/**
 * @typedef {object} Bundle The server's answer to "next"; all coordinates in image pixels.
 * @property {{id: string, expires_at: string, revision: number, active_ms: number, heartbeat_s: number, is_elsewhere?: boolean}} lease is_elsewhere: another browser has it open
 * @property {"parts" | "correspondence"} stage
 * @property {{id: number, name: string}} project
 * @property {number} done_today
 * @property {string} image_url
 * @property {{url: string, crop: {x: number, y: number, width: number, height: number}}} [surroundings] what lies around the crop
 * @property {string} [outline_url] where the person is known to be; 204 where nobody knows
 * @property {string} [superpixels_url] regions along the photograph's edges; 202 while they are being made
 * @property {{x: number, y: number, width: number, height: number}} crop
 * @property {[number, number, number, number]} box
 * @property {number[] | null} keypoints 17 x (x, y, visibility)
 * @property {any} draft
 * @property {{note: string} | null} sent_back
 * @property {"tutorial" | "exam" | null} training
 * @property {{source: "keypoints" | "model" | "previous", label_map: string} | null} [suggestion]
 * @property {{key: (number | string)[], x: number[], y: number[], part: number[]}} [points]
 * @property {import("../points/proposed-points.js").Proposal | null} [proposal] where a model puts the points
 * @property {string} [label_map] base64 of zlib
 * @property {Record<string, {base: string}>} [views]
 */

/**
 * @typedef {object} Work
 * @property {Bundle} bundle
 * @property {ImageBitmap | null} image null where it could not be had
 * @property {any} draft where to go on: this computer's copy when it is ahead, else the server's
 * @property {{index: number, delta: any}[]} entries of the history, where they fit the draft
 * @property {number} position entries that `draft` holds
 * @property {number} target entries that are done: those between were made after the draft was last written
 * @property {boolean} isAhead this computer has changes that the server does not
 * @property {boolean} isForked both have changes that the other does not; `draft` is this computer's
 * @property {any} prepared what the stage made ready in advance
 */

/**
 * @param {Bundle} bundle
 * @param {import("./draft-store.js").DraftStore} local
 * @param {(url: string) => Promise<ImageBitmap>} loadImage
 * @param {(bundle: Bundle) => Promise<any>} prepare
 * @returns {Promise<Work>}
 */
export async function assembleWork(bundle, local, loadImage, prepare) {
  const image = loadImage(bundle.image_url).catch((error) => {
    if (error instanceof ApiError && error.kind !== "missing" && error.kind !== "refused") throw error;
    return null;
  });
  const prepared = prepare(bundle);
  const kept = await local.draftOf(bundle.lease.id);
  const history = await local.historyOf(bundle.lease.id);
  return { bundle, image: await image, prepared: await prepared, ...reconcile(bundle, kept, history) };
}

/**
 * Which version to go on with, this computer's or the server's.
 * @param {Bundle} bundle
 * @param {import("./draft-store.js").LocalDraft | null} kept
 * @param {{entries: {index: number, delta: any}[], position: number | null}} history
 * @returns {Pick<Work, "draft" | "entries" | "position" | "target" | "isAhead" | "isForked">}
 */
export function reconcile(bundle, kept, { entries, position }) {
  const theirs = { draft: bundle.draft, entries: [], position: 0, target: 0, isAhead: false, isForked: false };
  if (!kept) return theirs;
  const target = position ?? kept.position;
  const mine = { draft: kept.draft, entries, position: kept.position, target, isAhead: target !== kept.position, isForked: false };
  if (isSame(kept.draft, bundle.draft)) return mine;
  if (!kept.isDirty && !mine.isAhead) return theirs;
  // Both rest on the same revision: this computer is simply ahead.
  if (kept.revision === bundle.lease.revision) return { ...mine, isAhead: true };
  return { ...mine, isAhead: true, isForked: bundle.draft !== null };
}

/** Something that the work can do without. @param {string} url @returns {Promise<Uint8Array | null>} null where there is none, or it did not come */
export async function loadBytes(url) {
  const response = await fetch(url, { credentials: "same-origin" }).catch(() => null);
  return response?.status === 200 ? new Uint8Array(await response.arrayBuffer()) : null;
}

/**
 * @param {string} url
 * @param {typeof globalThis.fetch} [fetch]
 * @returns {Promise<ImageBitmap>}
 * @throws {ApiError} kind missing where there is none, or it is no picture
 */
export async function loadBitmap(url, fetch = globalThis.fetch) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
  } catch (error) {
    throw new ApiError("offline", { message: String(error) });
  }
  if (!response.ok) throw new ApiError(response.status >= 500 ? "server" : "missing", { status: response.status });
  const blob = await response.blob();
  return createImageBitmap(blob).catch((error) => {
    throw new ApiError("missing", { message: String(error) });
  });
}
