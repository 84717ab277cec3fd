// @ts-check
// What a person is told of their own part in a room, when it changes.

import { formatClock, formatDay } from "../times.js";

/**
 * @param {any} data of the event `member`
 * @param {string | undefined} me  the viewer's id
 * @param {number} now_ms
 * @returns {string | null}  null: it is about somebody else
 */
export function partLine(data, me, now_ms) {
  if (!me || data?.person?.id !== me) return null;
  const until = new Date(data.muted_until ?? NaN);
  const who = data.by?.name && data.by.id !== me ? `${data.by.name} has changed what you may do here. ` : "";
  if (data.role === "removed") return `${who}You are no longer in this room.`;
  if (until.getTime() > now_ms) return `${who}You may not write here until ${formatClock(until)}${sameDay(until, now_ms)}.`;
  if (data.role === "reader") return `${who}You may read here from now on, but not write.`;
  return data.role === "owner" ? `${who}You are an owner of this room now.` : `${who}You may read and write here.`;
}

/** @param {Date} date @param {number} now_ms */
function sameDay(date, now_ms) {
  const day = formatDay(date, now_ms);
  return day === "Today" ? "" : `, ${day}`;
}
