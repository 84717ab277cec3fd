// @ts-check
// When the board is drawn: once a frame whatever came meanwhile, not while nobody looks or it is paused.

/**
 * @param {() => void} paint
 * @param {object} env
 * @param {(run: () => void) => void} env.requestFrame  never called back in a hidden tab, but when it is seen again
 * @param {(run: () => void, ms: number) => void} env.setTimeout
 * @param {() => number} env.now
 * @param {() => number} env.atLeast_ms  between two drawings: people may have asked for less motion
 */
export function createPainter(paint, { requestFrame, setTimeout, now, atLeast_ms }) {
  let asked = false;
  let paused = false;
  let missed = false;
  let painted_ms = -Infinity;

  function frame() {
    asked = false;
    if (paused) {
      missed = true;
      return;
    }
    painted_ms = now();
    paint();
  }

  /** Something is new. */
  function mark() {
    if (paused) missed = true;
    if (paused || asked) return;
    asked = true;
    const wait_ms = painted_ms + atLeast_ms() - now();
    if (wait_ms > 0) setTimeout(() => requestFrame(frame), wait_ms);
    else requestFrame(frame);
  }

  return {
    mark,
    /** A person has asked for something else: draw it now, paused or not. */
    force() {
      painted_ms = now();
      paint();
    },
    get paused() { return paused; },
    /** @param {boolean} pause */
    setPaused(pause) {
      paused = pause;
      if (paused || !missed) return;
      missed = false;
      mark();
    },
  };
}
