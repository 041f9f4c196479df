/** Beside the page: packs the cells of a document, so that saving never takes a frame from painting. */

import { packCells } from "./cells.js";

addEventListener("message", async ({ data: { id, cells } }) => {
  try {
    postMessage({ id, packed: await packCells(cells) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
