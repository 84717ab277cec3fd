// @ts-check
// The state of a connection, in words.

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */

/** @type {Record<string, string>} */
const REFUSALS = {
  sign_in: "Sign in to go on reading.",
  unauthorized: "Sign in to go on reading.",
  forbidden: "You may not read this.",
  not_found: "This no longer exists.",
  kicked: "A moderator closed this connection.",
  expired: "This no longer exists.",
  ended: "This stream has ended.",
  too_large: "An event is larger than this page accepts.",
  invalid: "The server can't read what this page asks for.",
  unexpected: "Something answered that is not this server.",
};

/**
 * Two or three words, for the place where the state is always shown.
 * @param {ConnectionState} state
 * @param {number} now_ms
 */
export function shortState(state, now_ms) {
  switch (state.name) {
    case "live": return state.over ? `Live over ${state.over}` : "Live";
    case "connecting": return "Connecting…";
    case "waiting": return `Reconnecting in ${secondsLeft(state, now_ms)} s`;
    case "offline": return "Offline";
    case "refused": return "Not connected";
    default: return "Closed";
  }
}

/**
 * A sentence for when a person should know more; empty when all is well.
 * @param {ConnectionState} state
 * @param {number} now_ms
 * @returns {string}
 */
export function longState(state, now_ms) {
  const again = `Trying again in ${secondsLeft(state, now_ms)} s.`;
  if (state.name === "offline") return "You are offline. This page goes on by itself when the network is back.";
  if (state.name === "refused") return REFUSALS[state.reason ?? ""] ?? "The server closed this connection.";
  if (state.name !== "waiting") return "";
  if (state.reason === "restart" || state.reason === "shutdown") return `The server is restarting. ${again}`;
  if (state.reason === "limit") return `Too many streams are open: trying again in ${secondsLeft(state, now_ms)} s.`;
  if (state.reason === "unavailable") return `The server can't answer at the moment. ${again}`;
  if (state.reason === "lagged") return `This connection fell behind. ${again}`;
  return `The connection was lost. ${again}`;
}

/**
 * What a screen reader is told when the state changes, once per trouble; empty when there is nothing new.
 * @param {ConnectionState} state
 * @param {ConnectionState["name"]} told  the last state that was told of
 */
export function spokenState({ name, reason }, told) {
  if (name === told) return "";
  if (name === "waiting") return "The connection was lost. Reconnecting.";
  if (name === "offline") return "You are offline.";
  if (name === "refused") return `Not connected. ${REFUSALS[reason ?? ""] ?? "The server closed this connection."}`;
  return name === "live" ? "Connected again." : "";
}

/** @param {ConnectionState} state @param {number} now_ms */
function secondsLeft({ retry_at_ms = 0 }, now_ms) {
  return Math.max(0, Math.ceil((retry_at_ms - now_ms) / 1000));
}
