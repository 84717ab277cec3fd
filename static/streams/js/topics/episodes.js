// @ts-check
// The times in which a reader did not keep up: since when, how it went on, and whether anything is missing.

/** @typedef {"lost" | "stalled" | "hidden" | "rewound" | "late"} Cause */

/**
 * @typedef {object} Episode
 * @property {Cause} cause
 * @property {string} after    the position at which it began
 * @property {number | null} back_ms   when reading goes on, or went on; null: nobody knows yet
 * @property {number} caughtUp  events that had been published before
 * @property {number} oldest_ms  how late the latest of them came
 * @property {number | null} missed  told by the server; null: it could not say how many
 * @property {string} reason   why they were missed
 * @property {number} lost     that nobody told of: there must never be any
 * @property {boolean} over    events come in time again
 */

const LATE_MS = 2_000; // later than any technique is when all is well

/** @param {{ clock: { now(): number } }} env */
export function createEpisodes({ clock }) {
  /** @type {Episode | null} */
  let last = null;

  /**
   * @param {Cause} cause
   * @param {string} after
   * @param {number | null} [back_ms]
   */
  function begin(cause, after, back_ms = null) {
    if (last && last.back_ms === null) return; // one that lasts is not begun anew by another attempt that fails
    last = { cause, after, back_ms, caughtUp: 0, oldest_ms: 0, missed: 0, reason: "", lost: 0, over: false };
  }

  /** @param {string} position @returns {Episode} the one that goes on; else one that begins by itself */
  function current(position) {
    if (!last || last.over) begin("late", position, clock.now());
    return /** @type {Episode} */ (last);
  }

  return {
    begin,
    /** Reading goes on. */
    back() {
      if (last && (last.back_ms ?? Infinity) > clock.now()) last.back_ms = clock.now();
    },
    /**
     * @param {number} delay_ms  how late it is; NaN where it has no time
     * @param {number} lost  events that are missing before it
     * @param {string} position  before it
     * @returns {boolean} whether it was caught up on
     */
    event(delay_ms, lost, position) {
      const published_ms = clock.now() - delay_ms;
      const late = delay_ms > LATE_MS || (last !== null && !last.over && published_ms < (last.back_ms ?? Infinity));
      if (late) {
        const episode = current(position);
        episode.caughtUp += 1;
        episode.oldest_ms = Math.max(episode.oldest_ms, delay_ms);
      } else if (last) last.over = true;
      if (lost) current(position).lost += lost;
      return late;
    },
    /** @param {{ lost: number | null, reason: string }} gap @param {string} position */
    gap({ lost, reason }, position) {
      const episode = current(position);
      episode.missed = lost === null || episode.missed === null ? null : episode.missed + lost;
      episode.reason = reason;
    },
    get last() { return last; },
  };
}
