/** The modules of a workbench page, found by following imports from its main module. */

import { readFileSync } from "node:fs";

export const TEMPLATES = new URL("../../annotator/templates/annotator/", import.meta.url);
const WORKBENCH = new URL("../../annotator/static/annotator/workbench/", import.meta.url);

/** @param {"parts" | "points"} stage @returns {string[]} paths below workbench/, in the order in which they are met */
export function modulesOf(stage) {
  const found = new Set();
  const waiting = [`${stage}/main.js`];
  while (waiting.length > 0) {
    const path = waiting.shift();
    if (found.has(path)) continue;
    found.add(path);
    const url = new URL(path, WORKBENCH);
    for (const [, target] of readFileSync(url, "utf8").matchAll(/^(?:import|export)[^"']*from ["']([^"']+)["']/gm)) {
      waiting.push(new URL(target, url).href.slice(WORKBENCH.href.length));
    }
  }
  return [...found];
}

/** @param {string[]} modules @returns {string} the template */
export function preloadsOf(modules) {
  const links = modules.map((path) => `<link rel="modulepreload" href="{% static 'annotator/workbench/${path}' %}">`);
  return `{% load static %}{# Every module of the page, fetched side by side; written by \`npm run modules\`. #}\n${links.join("\n")}\n`;
}
