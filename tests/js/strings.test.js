import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../annotator/", import.meta.url);
const MODULES = new URL("static/annotator/workbench/", ROOT);

test("every text of the modules stands in the template where gettext finds it, and no other", () => {
  const template = readFileSync(new URL("templates/annotator/workbench_strings.html", ROOT), "utf8");
  const offered = [...template.matchAll(/^ {2}"(.+?)": "\{% filter escapejs %\}\{% translate "(.+)" %\}/gm)].map(([, key, text]) => {
    assert.equal(key, text);
    return key;
  });
  const used = new Set();
  for (const file of readdirSync(MODULES, { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    for (const [, text] of readFileSync(new URL(file, MODULES), "utf8").matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)) used.add(text);
  }
  assert.deepEqual([...used].filter((text) => !offered.includes(text)), [], "missing in workbench_strings.html");
  assert.deepEqual(offered.filter((text) => !used.has(text)), [], "no longer used");
});

test("modules import each other by relative paths that exist, as literal text", () => {
  for (const file of readdirSync(MODULES, { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    const url = new URL(file, MODULES);
    const text = readFileSync(url, "utf8");
    for (const [, path] of text.matchAll(/^(?:import|export)[^"']*from ["']([^"']+)["']/gm)) {
      assert.match(path, /^\.{1,2}\//, `${file}: ${path}`);
      assert.doesNotThrow(() => readFileSync(new URL(path, url)), `${file}: ${path}`);
    }
    assert.doesNotMatch(text, /innerHTML|insertAdjacentHTML|document\.write|\beval\(/, `${file}: text is never HTML`);
  }
});
