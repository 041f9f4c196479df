/** Writes templates/annotator/workbench_strings.html from every text given to t() in the workbench's modules: `npm run strings`. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const ROOT = new URL("../../annotator/", import.meta.url);
const MODULES = new URL("static/annotator/workbench/", ROOT);

const texts = new Set();
for (const file of readdirSync(MODULES, { recursive: true }).sort()) {
  if (!file.endsWith(".js")) continue;
  for (const [, text] of readFileSync(new URL(file, MODULES), "utf8").matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)) texts.add(text);
}
const lines = [...texts].map((text) => `  "${text}": "{% filter escapejs %}{% translate "${text}" %}{% endfilter %}"`);
const head = "{% load i18n %}{# Every text that the modules give to t(), where gettext finds it; written by `npm run strings`. The English text is the key. #}";
writeFileSync(new URL("templates/annotator/workbench_strings.html", ROOT), `${head}\n<script id="workbench-strings" type="application/json">{\n${lines.join(",\n")}\n}</script>\n`);
