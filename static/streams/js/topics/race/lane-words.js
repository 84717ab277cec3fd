// @ts-check
// A lane in words: a word for its state, its figures, and what a screen reader is told.

import { formatField } from "../numbers.js";

/** @typedef {import("../../connection.js").ConnectionState} ConnectionState */

/** @type {Record<string, string>} */
const REFUSALS = { sign_in: "Sign in", unauthorized: "Sign in", forbidden: "Forbidden", not_found: "Gone", expired: "Gone", kicked: "Kicked" };

/** @param {number} ms */
const wholeSeconds = (ms) => Math.max(0, Math.ceil(ms / 1000));

/**
 * @param {ConnectionState} state
 * @param {number} stalled_ms  for which it does not read yet
 * @param {number} now_ms
 * @returns {{ state: string, word: string }}
 */
export function laneState({ name, reason = "", retry_at_ms = 0 }, stalled_ms, now_ms) {
  if (name === "live" && stalled_ms > 0) return { state: "stalled", word: `Stalled, ${wholeSeconds(stalled_ms)} s` };
  if (name === "waiting") return { state: name, word: `Back in ${wholeSeconds(retry_at_ms - now_ms)} s` };
  if (name === "refused") return { state: name, word: REFUSALS[reason] ?? "Refused" };
  return { state: name, word: name === "connecting" ? "Connecting…" : name.charAt(0).toUpperCase() + name.slice(1) };
}

/** "8 ms", "1.2 s", "3 min"; "–" where nothing was measured. @param {number | null} ms */
export function formatDelay(ms) {
  if (ms === null) return "–";
  return formatField(...(ms < 1_000 ? /** @type {const} */ (["delay_ms", Math.round(ms)]) : /** @type {const} */ (["delay_s", ms / 1000]))).join(" ");
}

/** @param {{ received: number, median_ms: number | null, p95_ms: number | null, bytes: number, requests: number }} figures */
export function figureWords({ received, median_ms, p95_ms, bytes, requests }) {
  return {
    events: received.toLocaleString(),
    median: formatDelay(median_ms),
    p95: formatDelay(p95_ms),
    bytes: formatField("body_bytes", bytes).join(" "),
    requests: requests.toLocaleString(),
  };
}
