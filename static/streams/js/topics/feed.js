// @ts-check
// The events of a topic as they pass: counted, timed, and held for the page in a bounded buffer. No DOM.

/** @typedef {import("../connection.js").Envelope} Envelope */
/** @typedef {{ kind: "event", envelope: Envelope } | { kind: "gap", lost: number | null, reason: string }} Row */

const WINDOW_S = 10;

/** @param {{ clock: { now(): number }, maxRows?: number }} options */
export function createFeed({ clock, maxRows = 200 }) {
  /** @type {Row[]} newest last */
  let waiting = [];
  let seen = 0;
  let held = 0;
  let paused = false;
  /** @type {number | null} the second of the first live event */
  let firstSecond = null;
  /** @type {Map<number, number>} events by second */
  const seconds = new Map();

  /** @param {Row} row */
  function keep(row) {
    waiting.push(row);
    if (waiting.length > maxRows * 2) waiting = waiting.slice(-maxRows);
  }

  function forgetOldSeconds() {
    const oldest = Math.floor(clock.now() / 1000) - WINDOW_S;
    for (const second of seconds.keys()) if (second < oldest) seconds.delete(second);
  }

  return {
    /**
     * @param {Envelope} envelope
     * @param {{ live: boolean }} how  only what comes live counts into the rate
     */
    push(envelope, { live }) {
      seen += 1;
      if (paused) held += 1;
      if (live) {
        const second = Math.floor(clock.now() / 1000);
        firstSecond ??= second;
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
        if (seconds.size > WINDOW_S * 3) forgetOldSeconds();
      }
      keep({ kind: "event", envelope });
    },
    /** @param {{ lost: number | null, reason: string }} gap */
    gap: ({ lost, reason }) => keep({ kind: "gap", lost, reason }),
    /** The rows to show next, newest last; none while paused. @returns {Row[]} */
    take() {
      if (paused) return [];
      const rows = waiting.slice(-maxRows);
      waiting = [];
      return rows;
    },
    pause(/** @type {boolean} */ on) {
      paused = on;
      held = 0;
    },
    get paused() { return paused; },
    get seen() { return seen; },
    /** Events that came since the pause. */
    get held() { return held; },
    /** Events a second over the last ten whole seconds, or since the first. */
    get rate() {
      forgetOldSeconds();
      const now = Math.floor(clock.now() / 1000);
      let sum = 0;
      for (const [second, count] of seconds) if (second < now) sum += count;
      return sum / Math.min(WINDOW_S, Math.max(1, now - (firstSecond ?? now)));
    },
  };
}
