// @ts-check
// The newest events of a topic, before the stream goes on after them.

/** @typedef {import("../connection.js").Envelope} Envelope */

/**
 * One long poll that does not wait. Its `last_event_id` is where a stream goes on without loss or repetition.
 * @param {string} url  with a query
 * @param {number} count
 * @param {{ fetch: typeof globalThis.fetch, onDate: (said_ms: number) => void }} env  onDate: the server's clock
 * @returns {Promise<{ events: Envelope[], last_event_id: string } | null>} null when the server answers otherwise
 */
export async function readRecent(url, count, { fetch, onDate }) {
  try {
    const response = await fetch(`${url}&last_event_id=-${count}&timeout=0`, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    onDate(Date.parse(response.headers.get("Date") ?? ""));
    const body = response.ok ? await response.json() : null;
    return Array.isArray(body?.events) && typeof body.last_event_id === "string" ? body : null;
  } catch {
    return null;
  }
}
