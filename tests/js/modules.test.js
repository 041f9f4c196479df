import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { TEMPLATES, modulesOf, preloadsOf } from "./modules.js";

for (const stage of ["parts", "points"]) {
  test(`the page of ${stage} fetches all its modules side by side`, () => {
    const template = readFileSync(new URL(`workbench_${stage}_modules.html`, TEMPLATES), "utf8");
    assert.equal(template, preloadsOf(modulesOf(stage)), "run `npm run modules`");
  });
}
