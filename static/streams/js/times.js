// @ts-check
// Times as people say them, in their own time zone and language.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const timeWithSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayWithYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const formatClock = (/** @type {Date} */ date) => timeOfDay.format(date);
export const formatClockSeconds = (/** @type {Date} */ date) => timeWithSeconds.format(date);
export const formatFull = (/** @type {Date} */ date) => fullDate.format(date);

/** A key equal for two moments on the same local day. */
export const dayKey = (/** @type {Date} */ date) => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

/**
 * "Today", "Yesterday", or the day by name.
 * @param {Date} date
 * @param {number} now_ms
 */
export function formatDay(date, now_ms) {
  const now = new Date(now_ms);
  if (dayKey(date) === dayKey(now)) return "Today";
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(date) === dayKey(yesterday)) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? dayName : dayWithYear).format(date);
}

/**
 * "just now", "5 min ago", "3 h ago", "2 days ago", then the date.
 * @param {Date} date
 * @param {number} now_ms
 */
export function formatRelative(date, now_ms) {
  const age_ms = now_ms - date.getTime();
  if (age_ms < 45_000) return "just now";
  if (age_ms < HOUR_MS) return `${Math.max(1, Math.round(age_ms / MINUTE_MS))} min ago`;
  if (age_ms < DAY_MS) return `${Math.round(age_ms / HOUR_MS)} h ago`;
  if (age_ms < 14 * DAY_MS) {
    const days = Math.round(age_ms / DAY_MS);
    return days === 1 ? "yesterday" : `${days} days ago`;
  }
  return shortDate.format(date);
}

/**
 * Write every `<time data-relative>` below `root` as a relative time, now and every half minute.
 * @param {ParentNode} root
 * @param {{ clock: { now(): number }, setInterval: (run: () => void, ms: number) => unknown }} env
 */
export function keepTimesFresh(root, { clock, setInterval }) {
  const write = () => {
    for (const element of root.querySelectorAll("time[data-relative]")) {
      const date = new Date(element.getAttribute("datetime") ?? "");
      if (Number.isNaN(date.getTime())) continue;
      element.textContent = formatRelative(date, clock.now());
      element.setAttribute("title", formatFull(date));
    }
  };
  write();
  setInterval(write, 30_000);
}
