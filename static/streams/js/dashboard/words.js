// @ts-check
// What the server says in slugs, said to a person.

/** What connections are by. @type {Record<string, string>} */
export const TECHNIQUES = {
  sse: "Server-sent events",
  websocket: "WebSocket",
  ndjson: "NDJSON",
  longpoll: "Long polling",
  chat: "Single answers",
  report: "Reports",
  file: "Downloads",
};

/** @type {Record<string, string>} */
const REASONS = {
  left: "left",
  ended: "ended",
  kicked: "disconnected by an operator",
  banned: "banned by an operator",
  lagged: "was too slow",
  unauthorized: "lost the right to read",
  shutdown: "its server went down",
  restart: "its server went down",
  died: "its process died",
  limit: "above a limit",
  failed: "failed: the log says why",
  expired: "its topic is gone",
  too_large: "sent too much at once",
  unavailable: "the database was not there",
};

/** Why a connection ended. @param {string} reason */
export const reasonWords = (reason) => REASONS[reason] ?? (reason.replaceAll("_", " ") || "unknown");

/** Whether a person should look: it did not end by itself. @param {string} reason */
export const isTrouble = (reason) => ["lagged", "died", "failed", "limit", "unavailable", "too_large"].includes(reason);

/** @param {string} technique */
export const techniqueWords = (technique) => TECHNIQUES[technique] ?? technique;

/** @param {"serving" | "draining" | "gone"} state */
export const processWords = (state) => ({ serving: "serving", draining: "going down", gone: "gone" })[state];

/**
 * What stands over the board while what it shows is old, or nothing; the stream's own troubles are told elsewhere.
 * @param {{ live: boolean, silent_s: number, beat_s: number, any: boolean }} now  silent_s: since something was told
 */
export function silenceWords({ live, silent_s, beat_s, any }) {
  if (!live || silent_s < Math.max(4, 4 * beat_s)) return "";
  if (!any) return "No vital signs yet: the process that tells them has not begun.";
  return `No vital signs for ${Math.round(silent_s)} s: the process that told them is gone; another takes over within seconds.`;
}
