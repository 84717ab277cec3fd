// A clock that stands still until it is told to go on, and a random number generator that can be repeated.

/** Let everything that is ready run: promises, streams, and what they start. */
export async function settle() {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function createClock(start_ms = 1_000_000) {
  let now_ms = start_ms;
  let last = 0;
  const timers = new Map();
  return {
    now: () => now_ms,
    setTimeout(run, ms = 0) {
      timers.set((last += 1), { at_ms: now_ms + Math.max(0, ms), run });
      return last;
    },
    clearTimeout: (timer) => void timers.delete(timer),
    get timers() { return timers.size; },
    /** Sleep as a machine does: time passes, and no timer runs until it is awake again. */
    sleep(ms) { now_ms += ms; },
    /** Set the clock: timers are not moved by that. */
    set(by_ms) {
      now_ms += by_ms;
      for (const timer of timers.values()) timer.at_ms += by_ms;
    },
    /** Pass so much time, running each timer when it is due and letting everything settle after it. */
    async advance(ms) {
      await settle();
      const end_ms = now_ms + ms;
      for (;;) {
        const due = [...timers].filter(([, { at_ms }]) => at_ms <= end_ms).sort(([a, x], [b, y]) => x.at_ms - y.at_ms || a - b)[0];
        if (!due) break;
        timers.delete(due[0]);
        now_ms = Math.max(now_ms, due[1].at_ms);
        due[1].run();
        await settle();
      }
      now_ms = Math.max(now_ms, end_ms);
    },
    /** Pass time until `condition()`. */
    async until(condition, limit_ms = 120_000) {
      const end_ms = now_ms + limit_ms;
      await settle();
      while (!condition()) {
        if (now_ms >= end_ms) throw new Error(`not within ${limit_ms} ms: ${condition}`);
        await this.advance(Math.min(100, end_ms - now_ms));
      }
    },
  };
}

/** Mulberry32: numbers from 0 to 1 that depend on the seed alone. */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
