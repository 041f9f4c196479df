import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SETS, modulesIn, textsOf } from "./string-sets.js";

// Static files of all apps are served side by side, so that one app's modules may import another's.
const STATIC = ["annotator", "qa"].map((app) => new URL(`../../${app}/static/`, import.meta.url));

for (const set of SETS) {
  test(`every text of the modules stands in the template where gettext finds it, and no other: ${set.id}`, () => {
    const template = readFileSync(set.template, "utf8");
    const offered = [...template.matchAll(/^ {2}"(.+?)": "\{% filter escapejs %\}\{% translate "(.+)" %\}/gm)].map(([, key, text]) => {
      assert.equal(key, text);
      return key;
    });
    const used = textsOf(set.modules);
    assert.deepEqual([...used].filter((text) => !offered.includes(text)), [], "missing: run `npm run strings`");
    assert.deepEqual(offered.filter((text) => !used.has(text)), [], "no longer used: run `npm run strings`");
  });

  test(`modules import each other by relative paths that exist, as literal text: ${set.id}`, () => {
    for (const file of modulesIn(set.modules)) {
      const url = new URL(file, set.modules);
      const text = readFileSync(url, "utf8");
      for (const [, path] of text.matchAll(/^(?:import|export)[^"']*from ["']([^"']+)["']/gm)) {
        assert.match(path, /^\.{1,2}\//, `${file}: ${path}`);
        assert.ok(isServed(new URL(path, url)), `${file}: ${path}`);
      }
      assert.doesNotMatch(text, /innerHTML|insertAdjacentHTML|document\.write|\beval\(/, `${file}: text is never HTML`);
    }
  });
}

/** @param {URL} url as if all apps' static files lay in one folder */
function isServed({ href }) {
  const [, name] = /\/static\/(.+)$/.exec(href) ?? [];
  return STATIC.some((folder) => {
    try {
      readFileSync(new URL(name, folder));
      return true;
    } catch {
      return false;
    }
  });
}
