// @ts-check
// What an answer to "give me the stream" means for a reader: read it, ask again later, or give up.

/** @typedef {{ reason: string, final: boolean, atLeast_ms: number }} Failure */

/** The connection went away, or never came. @type {Failure} */
export const LOST = { reason: "lost", final: false, atLeast_ms: 0 };

/** @type {Record<number, string>} Answers after which asking again can't help. */
const FINAL_STATUS = { 204: "ended", 401: "sign_in", 403: "forbidden", 404: "not_found", 410: "not_found" };

/**
 * Null when the body is the stream. 408, 429 and 5xx pass, after `Retry-After` if one is given in seconds; any other
 * answer is final.
 * @param {Pick<Response, "status" | "headers">} response
 * @returns {Failure | null}
 */
export function judge({ status, headers }) {
  const isStream = /^text\/event-stream\s*(;|$)/i.test(headers.get("Content-Type") ?? "");
  if (status === 200 && isStream) return null;
  if (FINAL_STATUS[status]) return { reason: FINAL_STATUS[status], final: true, atLeast_ms: 0 };
  const wait_s = Number(headers.get("Retry-After") ?? "0");
  return {
    reason: status === 429 ? "limit" : "unavailable",
    final: !(status === 408 || status === 429 || status >= 500),
    atLeast_ms: Number.isFinite(wait_s) && wait_s > 0 ? Math.min(wait_s, 600) * 1000 : 0,
  };
}
