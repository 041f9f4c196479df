/** Has this page kept on this computer, so that a reload shows it also while the server is away. */

// Also of the service worker, and of the sign-in page, which forgets the pages of whoever worked here before.
const CACHE = "workbench-pages";

/** @param {string} workerUrl of the service worker */
export async function keepPage(workerUrl) {
  // Both are missing on plain http, except on this very machine.
  if (!navigator.serviceWorker || !globalThis.caches) return;
  try {
    await navigator.serviceWorker.register(workerUrl, { scope: "/projects/" });
    const cache = await caches.open(CACHE);
    if (!(await cache.match(location.href, { ignoreVary: true }))) await cache.add(location.href);
  } catch {
    // A private window, or no room: the workbench does without.
  }
}
