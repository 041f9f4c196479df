/** Beside the page: whatever looks at every cell of a document, so that no stroke waits for it. */

import { doJob } from "./cell-jobs.js";

addEventListener("message", async ({ data: { id, kind, asked } }) => {
  try {
    postMessage({ id, answer: await doJob(kind, asked) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
