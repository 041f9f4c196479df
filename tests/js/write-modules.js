/**
 * Writes the list of modules that each workbench page loads, so that the browser fetches them side by side instead of one
 * level of imports after the other: `npm run modules`.
 */

import { writeFileSync } from "node:fs";

import { TEMPLATES, modulesOf, preloadsOf } from "./modules.js";

for (const stage of ["parts", "points"]) {
  writeFileSync(new URL(`workbench_${stage}_modules.html`, TEMPLATES), preloadsOf(modulesOf(stage)));
}
