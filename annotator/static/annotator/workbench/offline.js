/**
 * The service worker of the two workbench pages: with no server, a reload shows the page as it was last seen, and the work goes on from
 * what this computer keeps. It touches nothing but these pages; modules and pictures are in the browser's own cache for ever.
 */

const CACHE = "workbench-pages";
const PAGE = /^\/projects\/\d+\/annotate\/(?:parts|correspondence)\/$/;
// What a proxy says while the server behind it is away.
const AWAY = new Set([502, 503, 504]);

addEventListener("install", (event) => {
  const install = /** @type {any} */ (event);
  // Where the browser can be told so, it asks this worker for pages only, and the server at the same time: whoever answers first is
  // shown. A worker that died with its page would else hold up the next one for half a minute.
  const routed = install.addRoutes?.([
    { condition: { requestMode: "navigate" }, source: "race-network-and-fetch-handler" },
    { condition: { urlPattern: { pathname: "/*" } }, source: "network" },
  ]);
  if (routed) install.waitUntil(routed.catch(() => {}));
  /** @type {any} */ (globalThis).skipWaiting();
});

addEventListener("fetch", (event) => {
  const { request } = /** @type {any} */ (event);
  if (request.mode === "navigate" && PAGE.test(new URL(request.url).pathname)) /** @type {any} */ (event).respondWith(pageOf(request));
});

/** @param {Request} request @returns {Promise<Response>} */
async function pageOf(request) {
  const cache = await caches.open(CACHE);
  const response = await fetch(request).catch(() => null);
  if (response?.ok && !response.redirected) await cache.put(request, response.clone());
  if (response && !AWAY.has(response.status)) return response;
  // Cookies and languages may be others by now: there is one page of each address, and it is the one.
  const kept = (await cache.match(request, { ignoreVary: true })) ?? (await cache.match(request, { ignoreVary: true, ignoreSearch: true }));
  return kept ?? response ?? Response.error();
}
