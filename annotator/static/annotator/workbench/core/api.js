/** The server, as typed calls: JSON in and out, CSRF, a time limit, and errors that say which of few things happened. */

/**
 * @typedef {"offline" | "login" | "lease_over" | "stale" | "taken" | "refused" | "missing" | "busy" | "server"} ErrorKind
 * offline: no answer at all; login: not signed in any more; refused: this request will never work; busy: try again later.
 */

export class ApiError extends Error {
  /**
   * @param {ErrorKind} kind
   * @param {{status?: number, code?: string, message?: string, fields?: Record<string, string[]>, body?: any, retryAfterS?: number | null}} [details]
   */
  constructor(kind, { status = 0, code = kind, message = kind, fields = {}, body = null, retryAfterS = null } = {}) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.fields = fields;
    /** The whole JSON answer, e.g. `current` of a stale draft. */
    this.body = body;
    this.retryAfterS = retryAfterS;
  }

  /** Whether the same request may work later without anyone doing anything. */
  get isPassing() {
    return this.kind === "offline" || this.kind === "busy" || this.kind === "server";
  }
}

const TIMEOUT_MS = 20_000;

export class Api {
  #base;
  #csrfCookie;
  #fetch;
  #readCookies;
  #browserId;

  /**
   * @param {object} options
   * @param {string} options.base e.g. "/api/v1"
   * @param {string} options.csrfCookie name of the cookie
   * @param {string} [options.browserId] tells this browser from others that have the same work open
   * @param {typeof globalThis.fetch} [options.fetch]
   * @param {() => string} [options.readCookies]
   */
  constructor({ base, csrfCookie, browserId = "", fetch = (...args) => globalThis.fetch(...args), readCookies = () => document.cookie }) {
    this.#base = base.replace(/\/$/, "");
    this.#csrfCookie = csrfCookie;
    this.#browserId = browserId;
    this.#fetch = fetch;
    this.#readCookies = readCookies;
  }

  /** @param {string} path @returns {Promise<any>} */
  get(path) {
    return this.request("GET", path);
  }

  /** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  post(path, body = {}) {
    return this.request("POST", path, body);
  }

  /** @param {string} path @param {unknown} body @returns {Promise<any>} */
  put(path, body) {
    return this.request("PUT", path, body);
  }

  /** @param {string} path @param {unknown} body @returns {Promise<any>} */
  patch(path, body) {
    return this.request("PATCH", path, body);
  }

  /**
   * A last word while the page goes away; nobody waits for the answer.
   * @param {string} path
   * @param {unknown} [body]
   */
  farewell(path, body = {}) {
    const init = { method: "POST", headers: this.#headers("POST"), body: JSON.stringify(body), keepalive: true };
    this.#fetch(`${this.#base}/${path}`, /** @type {RequestInit} */ (init)).catch(() => {});
  }

  /**
   * @param {string} method
   * @param {string} path relative to the base, without a leading slash
   * @param {unknown} [body]
   * @returns {Promise<any>} the JSON answer
   * @throws {ApiError}
   */
  async request(method, path, body) {
    let response;
    try {
      response = await this.#fetch(`${this.#base}/${path}`, {
        method,
        headers: this.#headers(method),
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new ApiError("offline", { message: String(error) });
    }
    const text = await response.text().catch(() => null);
    if (text === null) throw new ApiError("offline", { message: "the answer broke off" });
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    throw errorOf(response, answer);
  }

  /** @param {string} method */
  #headers(method) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (method !== "GET") {
      headers["Content-Type"] = "application/json";
      headers["X-CSRFToken"] = this.csrfToken;
    }
    if (this.#browserId) headers["X-Workbench-Browser"] = this.#browserId;
    return headers;
  }

  /** Read anew each time: signing in again changes it. */
  get csrfToken() {
    const pair = this.#readCookies().split("; ").find((text) => text.startsWith(`${this.#csrfCookie}=`));
    return pair ? decodeURIComponent(pair.slice(this.#csrfCookie.length + 1)) : "";
  }
}

/** @param {string} text @returns {any} undefined where it is not JSON */
function parse(text) {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {Response} response
 * @param {any} answer
 * @returns {ApiError}
 */
function errorOf(response, answer) {
  const { status } = response;
  const code = typeof answer?.code === "string" ? answer.code : "";
  const retry = Number(response.headers?.get?.("Retry-After"));
  const details = {
    status,
    code: code || `http_${status}`,
    message: answer?.message ?? `${status} ${response.statusText}`,
    fields: answer?.fields ?? {},
    body: answer ?? null,
    retryAfterS: Number.isFinite(retry) && retry > 0 ? retry : null,
  };
  // A CSRF cookie that is gone or of another session: signing in again brings a new one.
  if (status === 403 && /^CSRF/.test(details.message)) return new ApiError("login", details);
  return new ApiError(kindOf(status, code), details);
}

/** @param {number} status @param {string} code @returns {ErrorKind} */
function kindOf(status, code) {
  if (status === 401 || code === "not_signed_in" || code === "bad_credentials") return "login";
  if (status === 409) return code === "draft_stale" ? "stale" : "taken";
  if (status === 410) return "lease_over";
  if (status === 404) return "missing";
  if (status === 429 || status === 503 || status === 502 || status === 504) return "busy";
  return status >= 500 || status < 400 ? "server" : "refused";
}
