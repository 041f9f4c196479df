/** The apps whose modules speak: where the modules lie, and which template offers their texts to gettext. */

import { readFileSync, readdirSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);

export const SETS = [
  {
    id: "workbench-strings",
    modules: new URL("annotator/static/annotator/workbench/", ROOT),
    template: new URL("annotator/templates/annotator/workbench_strings.html", ROOT),
  },
  {
    id: "bench-strings",
    modules: new URL("qa/static/qa/bench/", ROOT),
    template: new URL("qa/templates/qa/bench_strings.html", ROOT),
  },
];

/** @param {URL} modules @returns {string[]} names of the modules in a folder and below, sorted */
export const modulesIn = (modules) => readdirSync(modules, { recursive: true }).filter((file) => file.endsWith(".js")).sort();

/** @param {URL} modules @returns {Set<string>} every text given to t() */
export function textsOf(modules) {
  const texts = new Set();
  for (const file of modulesIn(modules)) {
    for (const [, text] of readFileSync(new URL(file, modules), "utf8").matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)) texts.add(text);
  }
  return texts;
}
