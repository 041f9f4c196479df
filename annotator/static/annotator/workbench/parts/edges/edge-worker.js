/** Beside the page: reads regions, finds edges and the ways along them, so that no stroke waits for it. */

import { inflate } from "../../core/label-map.js";
import { costsOf, wire } from "./live-wire.js";
import { readRegions } from "./regions.js";

/** @type {import("./live-wire.js").CostMap | null} */
let costs = null;

/** @param {any} asked */
async function answerTo({ kind, bytes, width, height, image, from, to }) {
  if (kind === "regions") return readRegions(await inflate(bytes), width, height);
  if (kind === "wire") return costs ? wire(costs, from, to) : [from, to];
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(image.width, image.height).getContext("2d"));
  context.drawImage(image, 0, 0);
  costs = costsOf(context.getImageData(0, 0, image.width, image.height).data, image.width, image.height);
  image.close();
}

addEventListener("message", async ({ data: { id, ...asked } }) => {
  try {
    postMessage({ id, answer: await answerTo(asked) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
