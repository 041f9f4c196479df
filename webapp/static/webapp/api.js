// @ts-check
/** Calls to the REST interface from the pages around the workbench. */

/** An answer that is no success; `message` is for the person, `data` the whole answer. */
export class ApiError extends Error {
  /** @param {number} status @param {{code?: string, message?: string}} data */
  constructor(status, data) {
    super(data.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = data.code ?? "";
    /** @type {any} */
    this.data = data;
  }
}

/** @param {string} name */
export function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/**
 * @param {string} method @param {string} url @param {unknown} body @param {string} csrfCookie
 * @returns {Promise<any>} the parsed answer
 */
export async function call(method, url, body, csrfCookie) {
  const headers = { "X-CSRFToken": cookie(csrfCookie), "Accept": "application/json" };
  const answer = await fetch(url, {
    method,
    credentials: "same-origin",
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const data = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new ApiError(answer.status, data);
  return data;
}

/**
 * @template T
 * @param {string} id of a json_script element
 * @returns {T}
 */
export function config(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "{}");
}
