// @ts-check
// How an item sits under the one before it: a new day, a new voice, or the same one going on.

import { dayKey, formatDay } from "../times.js";

const PAUSE_MS = 5 * 60_000;

/** @typedef {{ kind: string, time: string, author?: { id: string } }} Placed */

/**
 * @param {Placed | undefined} previous
 * @param {Placed} item
 * @param {number} now_ms
 * @returns {{ day: string | null, continued: boolean }} the divider to show above, and whether the author goes on
 */
export function place(previous, item, now_ms) {
  const date = new Date(item.time);
  if (Number.isNaN(date.getTime())) return { day: null, continued: false };
  const before = previous ? new Date(previous.time) : null;
  if (!before || dayKey(before) !== dayKey(date)) return { day: formatDay(date, now_ms), continued: false };
  const sameVoice = previous?.kind === "message" && item.kind === "message" && previous.author?.id === item.author?.id;
  return { day: null, continued: Boolean(sameVoice) && date.getTime() - before.getTime() < PAUSE_MS };
}
