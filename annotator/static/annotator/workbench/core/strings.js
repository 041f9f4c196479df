/**
 * Words on the screen. The English text is the key; the page brings a dictionary in the account's language. `{name}` is a
 * place to fill. Every text given to `t` stands in templates/annotator/workbench_strings.html, where gettext finds it.
 */

/** @type {Record<string, string>} */
let dictionary = {};

/** @param {Record<string, string>} strings */
export function useStrings(strings) {
  dictionary = strings;
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(text, values) {
  const translated = dictionary[text] || text;
  return values ? translated.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : translated;
}
