// @ts-check
// Reading a room's history over HTTP: the newest page, or one before, after or around a sequence number.

/** @typedef {import("./types.js").Page} Page */

/**
 * @param {string} url
 * @param {{ fetch: typeof globalThis.fetch, timeout_ms?: number }} options
 */
export function createHistory(url, { fetch, timeout_ms = 15_000 }) {
  /** @param {string} address @returns {Promise<Page>} */
  async function read(address) {
    const body = await readJsonFrom(address, { fetch, timeout_ms });
    if (!Array.isArray(body?.items)) throw new Error("The server's answer could not be read.");
    return body;
  }
  return {
    newest: () => read(url),
    before: (/** @type {number} */ seq) => read(`${url}?before=${seq}`),
    after: (/** @type {number} */ seq) => read(`${url}?after=${seq}`),
    around: (/** @type {number} */ seq) => read(`${url}?around=${seq}`),
  };
}

/**
 * What a GET answers.
 * @param {string} address
 * @param {{ fetch: typeof globalThis.fetch, timeout_ms?: number, signal?: AbortSignal }} options
 * @returns {Promise<any>}
 * @throws {Error} with the server's own words where it refuses
 */
export async function readJsonFrom(address, { fetch, timeout_ms = 15_000, signal }) {
  const limit = AbortSignal.timeout(timeout_ms);
  const response = await fetch(address, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: signal ? anyOf(signal, limit) : limit,
  });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
  return body;
}

/** `AbortSignal.any`, which older browsers have not. @param {AbortSignal[]} signals */
function anyOf(...signals) {
  const both = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => both.abort(signal.reason));
  return both.signal;
}
