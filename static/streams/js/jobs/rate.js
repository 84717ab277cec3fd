// @ts-check
// How fast a job is, and how long it will take at that pace.

const WINDOW_MS = 10_000;
const LEAST_MS = 400; // two events in a row say nothing about a pace

export function createRate() {
  /** @type {{ at_ms: number, done: number }[]} */
  let samples = [];
  return {
    /** @param {number} done @param {number} at_ms */
    add(done, at_ms) {
      const last = samples.at(-1);
      if (last && done < last.done) samples = []; // it began again
      samples.push({ at_ms, done });
      while (samples.length > 2 && samples[0].at_ms < at_ms - WINDOW_MS) samples.shift();
    },
    /**
     * @param {number | null} total
     * @param {number} now_ms
     * @returns {{ per_s: number | null, left_s: number | null }} null where nobody can know yet
     */
    figures(total, now_ms) {
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || now_ms - first.at_ms < LEAST_MS || last.done === first.done) return { per_s: null, left_s: null };
      const per_s = ((last.done - first.done) / (now_ms - first.at_ms)) * 1000;
      return { per_s, left_s: total === null ? null : Math.max(0, total - last.done) / per_s };
    },
  };
}
