// @ts-check
// How long to wait before the next attempt: exponential, bounded, and jittered so that a restart
// of the server is not answered by every reader in the same moment.

/**
 * @typedef {object} Backoff
 * @property {() => number} next    the next wait, ms
 * @property {() => void} reset     back to the first step
 * @property {(min_ms: number) => void} setMin  a new first step (the server's `retry:`)
 */

const LONGEST_MS = 10 * 60_000; // whatever a server asks for
const SHORTEST_MS = 100; // or it would be asked without a pause

/**
 * Equal jitter: half of each step is kept, half is drawn, so a wait is never near zero and never above `max_ms`
 * (or above what the server asked for, if that is more).
 * @param {{ random: () => number, min_ms?: number, max_ms?: number }} options
 * @returns {Backoff}
 */
export function createBackoff({ random, min_ms = 500, max_ms = 15_000 }) {
  let attempt = 0;
  let first_ms = min_ms;
  let most_ms = max_ms;
  return {
    next() {
      const step_ms = Math.min(most_ms, first_ms * 2 ** Math.min(attempt, 16));
      attempt += 1;
      return Math.round(step_ms / 2 + (random() * step_ms) / 2);
    },
    reset() {
      attempt = 0;
    },
    setMin(ms) {
      first_ms = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms));
      most_ms = Math.max(max_ms, first_ms);
    },
  };
}
