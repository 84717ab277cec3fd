// @ts-check
// Why a connection ended, and whether asking again can help.

/** @typedef {{ reason: string, final: boolean, atLeast_ms: number }} Failure */

/** The connection went away, or never came. @type {Failure} */
export const LOST = { reason: "lost", final: false, atLeast_ms: 0 };
/** Nothing was heard for too long. @type {Failure} */
export const SILENT = { reason: "silent", final: false, atLeast_ms: 0 };
/** What came can't be read; it may be whole the next time. @type {Failure} */
export const GARBLED = { reason: "garbled", final: false, atLeast_ms: 0 };

/** A line, an event or an answer is larger than this reader accepts: the connection must be given up. */
export class TooLarge extends Error {
  name = "TooLarge";
}

/** The server answered, but not with what was asked for. */
export class Refused extends Error {
  name = "Refused";
  /** @param {Failure} failure */
  constructor(failure) {
    super(`the server refused: ${failure.reason}`);
    this.failure = failure;
  }
}

/** @param {unknown} error what a technique ended with @returns {Failure} */
export function failureOf(error) {
  if (error instanceof Refused) return error.failure;
  if (error instanceof TooLarge) return { reason: "too_large", final: true, atLeast_ms: 0 };
  return error instanceof SyntaxError ? GARBLED : LOST;
}

/** @type {Record<number, string>} Answers after which asking again can't help. */
const FINAL_STATUS = { 204: "ended", 401: "sign_in", 403: "forbidden", 404: "not_found", 410: "not_found" };
const LONGEST_MS = 600_000;

/** Seconds that a server asks for, as a wait. @param {unknown} seconds @returns {number} ms; 0 for what is no time */
export function waitOf(seconds) {
  const ms = Number(seconds) * 1000;
  return ms > 0 ? Math.min(ms, LONGEST_MS) : 0;
}

/**
 * What an answer to "give me the stream" means: null when its body is the stream, in `type`. 408, 429 and 5xx pass,
 * after `Retry-After` if one is given in seconds; any other answer is final.
 * @param {Pick<Response, "status" | "headers">} response
 * @param {string} type  the media type that was asked for
 * @returns {Failure | null}
 */
export function judge({ status, headers }, type) {
  const [given] = (headers.get("Content-Type") ?? "").split(";");
  if (status === 200 && given.trim().toLowerCase() === type) return null;
  if (FINAL_STATUS[status]) return { reason: FINAL_STATUS[status], final: true, atLeast_ms: 0 };
  if (status < 400) return { reason: "unexpected", final: true, atLeast_ms: 0 };
  if (status !== 408 && status !== 429 && status < 500) return { reason: "invalid", final: true, atLeast_ms: 0 };
  const atLeast_ms = waitOf(headers.get("Retry-After"));
  return { reason: status === 429 ? "limit" : "unavailable", final: false, atLeast_ms };
}
