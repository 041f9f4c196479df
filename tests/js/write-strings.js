/** Writes the templates with every text that an app's modules give to t(): `npm run strings`. */

import { writeFileSync } from "node:fs";

import { SETS, textsOf } from "./string-sets.js";

for (const set of SETS) {
  const lines = [...textsOf(set.modules)].map((text) => `  "${text}": "{% filter escapejs %}{% translate "${text}" %}{% endfilter %}"`);
  const head = "{% load i18n %}{# Every text that the modules give to t(), where gettext finds it; written by `npm run strings`. The English text is the key. #}";
  writeFileSync(set.template, `${head}\n<script id="${set.id}" type="application/json">{\n${lines.join(",\n")}\n}</script>\n`);
}
