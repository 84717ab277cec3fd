// @ts-check
// What happened to a reader, in a sentence.

import { seqOf } from "../position.js";

/** @typedef {import("./episodes.js").Episode} Episode */

/** @type {Record<string, string>} */
const REASONS = {
  lagged: "this reader was too slow",
  trimmed: "they are older than what is kept",
  epoch: "the log was reset",
  malformed: "the position was not understood",
};

/** @param {string} reason of a gap */
export const whyMissed = (reason) => REASONS[reason] ?? "they could not be served";

/** "1 event", "1,204 events". @param {number} count */
export const countEvents = (count) => `${count.toLocaleString()} event${count === 1 ? "" : "s"}`;

/**
 * @param {Episode} episode
 * @param {number} now_ms
 */
export function tellEpisode(episode, now_ms) {
  const { cause, after, back_ms } = episode;
  const at = seqOf(after)?.toLocaleString() ?? "the start";
  if (back_ms !== null && now_ms >= back_ms) {
    const how = cause === "late" ? "Fell behind after" : cause === "rewound" ? "Came back from" : "Resumed after";
    return `${how} ${at}: ${outcome(episode)}.`;
  }
  if (cause === "stalled") return `Does not read after ${at}, for ${Math.ceil(((back_ms ?? now_ms) - now_ms) / 1000)} s more.`;
  if (cause === "hidden") return `Closed after ${at}, while the page is hidden.`;
  if (cause === "rewound") return `Comes back from ${at}, long ago.`;
  return `Cut off after ${at}.`;
}

/** @param {Episode} episode */
function outcome({ caughtUp, oldest_ms, missed, reason, lost }) {
  const parts = [];
  if (caughtUp) parts.push(`${countEvents(caughtUp)} caught up${age(oldest_ms)}`);
  if (missed === null) parts.push(`some events missed, ${whyMissed(reason)}`);
  else if (missed) parts.push(`${countEvents(missed)} missed, ${whyMissed(reason)}`);
  if (lost) parts.push(`${countEvents(lost)} lost without a word`);
  if (missed === 0 && !lost) parts.push(caughtUp ? "nothing lost" : "nothing had come meanwhile");
  return parts.join("; ");
}

/** Only what a person would call late is worth a word. @param {number} ms */
function age(ms) {
  if (ms < 60_000) return "";
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? ` from the last ${minutes === 1 ? "minute" : `${minutes} minutes`}` : ` from the last ${Math.round(minutes / 60)} hours`;
}
