// @ts-check
// Text that comes in bursts, shown evenly: what came is spread over the time until the next burst. No DOM.

const MAX_SPREAD_MS = 500;

/**
 * @param {object} options
 * @param {(text: string) => void} options.write
 * @param {(run: () => void) => unknown} options.nextFrame
 * @param {{ now(): number }} options.clock
 * @param {() => boolean} options.still  whether nothing shall move, or nobody sees it
 */
export function createReveal({ write, nextFrame, clock, still }) {
  let pending = "";
  let [arrived_ms, shown_by_ms] = [-Infinity, 0];
  let [scheduled, last_ms] = [false, 0];

  function frame() {
    scheduled = false;
    if (!pending) return;
    const now_ms = clock.now();
    const left_ms = shown_by_ms - last_ms;
    const share = left_ms > 0 ? Math.min(1, (now_ms - last_ms) / left_ms) : 1;
    last_ms = now_ms;
    emit(still() ? pending.length : Math.ceil(pending.length * share));
    schedule();
  }

  /** @param {number} units of UTF-16; a pair is never cut */
  function emit(units) {
    const code = pending.charCodeAt(units - 1);
    const end = code >= 0xd800 && code <= 0xdbff ? units + 1 : units;
    const text = pending.slice(0, end);
    pending = pending.slice(end);
    if (text) write(text);
  }

  function schedule() {
    if (!pending || scheduled) return;
    scheduled = true;
    nextFrame(frame);
  }

  return {
    /** @param {string} text */
    add(text) {
      const now_ms = clock.now();
      const spread_ms = Math.min(MAX_SPREAD_MS, now_ms - arrived_ms);
      arrived_ms = now_ms;
      pending += text;
      if (still()) return emit(pending.length);
      if (!scheduled) last_ms = now_ms;
      shown_by_ms = now_ms + spread_ms;
      schedule();
    },
    /** Show all that has come, now. */
    flush: () => emit(pending.length),
    /** Forget what was not shown. */
    clear: () => void (pending = ""),
  };
}
