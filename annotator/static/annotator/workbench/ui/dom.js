/** Small helpers to make and find elements. Text is always text, never HTML. */

/**
 * @typedef {object} ElementOptions
 * @property {string} [class]
 * @property {string} [text]
 * @property {Record<string, string | number | boolean | null | undefined>} [attributes] null, undefined and false: left out
 * @property {Record<string, string>} [data]
 * @property {(event: MouseEvent) => void} [onclick]
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {ElementOptions} [options]
 * @param {(Node | string | null | false | undefined)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  Object.assign(made.dataset, options.data ?? {});
  if (options.onclick) made.addEventListener("click", /** @type {EventListener} */ (options.onclick));
  for (const child of children) if (child) made.append(child);
  return made;
}

/** Words that stay as they are are not laid out again. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The one element with this hook; a page without it is a mistake in its template.
 * @param {string} hook value of data-hook
 * @param {ParentNode} [root]
 * @returns {HTMLElement}
 */
export function hook(hook, root = document) {
  const found = root.querySelector(`[data-hook="${hook}"]`);
  if (!found) throw new Error(`the page has no data-hook="${hook}"`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * @param {string} id
 * @returns {any} what a json_script holds; an empty object where there is none
 */
export function readJson(id) {
  const script = document.getElementById(id);
  return script ? JSON.parse(script.textContent ?? "{}") : {};
}

/** @param {string} combination @param {(combination: string) => string[]} capsOf @returns {HTMLElement} */
export function keyCaps(combination, capsOf) {
  const caps = element("span", { class: "caps" });
  // The spaces are for who hears it.
  for (const cap of capsOf(combination)) caps.append(" ", element("kbd", { text: cap }));
  return caps;
}

export const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
