// @ts-check
// The page's clock beside the server's: a clock that is wrong must not look like a line that is slow.

const STEADY_MS = 10_000; // what does not change for so long is a clock that was set
const WOBBLE_MS = 500; // and this much is no change
const LATE_MS = 1_000;

/**
 * Between "said" and "heard" lie the way and the difference of the clocks. Nobody can tell them apart, but the way is
 * never below zero: the least that was ever seen is taken for the difference, and what is above it for delay.
 */
export function createSkew() {
  let least_ms = Infinity;
  let low_ms = 0; // of the late ones since:
  let high_ms = 0;
  let since_ms = Infinity;

  /** Everything is late, and always by the same: the clock was set. @param {number} apart_ms @param {number} now_ms */
  function watch(apart_ms, now_ms) {
    [low_ms, high_ms] = [Math.min(low_ms, apart_ms), Math.max(high_ms, apart_ms)];
    if (since_ms === Infinity || high_ms - low_ms > WOBBLE_MS) {
      low_ms = high_ms = apart_ms;
      since_ms = now_ms;
    } else if (now_ms - since_ms >= STEADY_MS) {
      least_ms = low_ms;
      since_ms = Infinity;
    }
  }

  return {
    /**
     * @param {number} said_ms   by the server's clock
     * @param {number} heard_ms  by the page's
     * @returns {number} how far they are apart, to ask for the delay with; NaN where one is unknown
     */
    hear(said_ms, heard_ms) {
      const apart_ms = heard_ms - said_ms;
      if (apart_ms < least_ms) least_ms = apart_ms;
      if (apart_ms - least_ms > LATE_MS) watch(apart_ms, heard_ms);
      else since_ms = Infinity;
      return apart_ms;
    },
    /** How much later than the quickest that was ever seen. @param {number} apart_ms */
    delay: (apart_ms) => Math.max(0, apart_ms - least_ms),
  };
}
