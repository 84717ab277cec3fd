// @ts-check
// Whether a connection still breathes: a dead one makes no sound, and neither does a quiet one.

/**
 * @param {object} options
 * @param {import("./connection.js").Clock} options.clock
 * @param {() => void} options.onSilence  nothing was heard for the limit, nor in answer to a probe
 */
export function createSilenceWatch({ clock, onSilence }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let heard_ms = 0;
  let limit_ms = 0;
  let probing = false;
  /** @type {{ ask: () => void, answer_ms: number } | null} */
  let probe = null;

  /** Look whether something was heard in time; the timer is not set anew for each sign of life. */
  function look() {
    const allowed_ms = probing && probe ? probe.answer_ms : limit_ms;
    heard_ms = Math.min(heard_ms, clock.now()); // which may have been set back
    const left_ms = heard_ms + allowed_ms - clock.now();
    if (left_ms > 0) timer = clock.setTimeout(look, left_ms);
    else if (probing || !probe) onSilence();
    else {
      heard_ms = clock.now();
      probing = true;
      timer = clock.setTimeout(look, probe.answer_ms);
      probe.ask();
    }
  }

  function heard() {
    heard_ms = clock.now();
    probing = false;
  }

  return {
    /**
     * Watch from now on, with another limit than before.
     * @param {number} ms
     * @param {{ ask: () => void, answer_ms: number } | null} [how]  a question that brings a sign of life
     */
    begin(ms, how = null) {
      clock.clearTimeout(timer);
      limit_ms = ms;
      probe = how;
      heard();
      look();
    },
    heard,
    /** Expect nothing for so long. @param {number} ms */
    pause(ms) {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(() => {
        heard();
        look();
      }, ms);
    },
    stop: () => clock.clearTimeout(timer),
  };
}
