// @ts-check
// Reading a room's history over HTTP: the newest page, or the one before a sequence number.

/** @typedef {import("./types.js").Page} Page */

/**
 * @param {string} url
 * @param {{ fetch: typeof globalThis.fetch, timeout_ms?: number }} options
 */
export function createHistory(url, { fetch, timeout_ms = 15_000 }) {
  /** @param {string} address @returns {Promise<Page>} */
  async function read(address) {
    const response = await fetch(address, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(timeout_ms),
    });
    const body = await response.json().catch(() => null);
    if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
    if (!Array.isArray(body?.items)) throw new Error("The server's answer could not be read.");
    return body;
  }
  return {
    newest: () => read(url),
    before: (/** @type {number} */ seq) => read(`${url}?before=${seq}`),
  };
}
