// @ts-check
// Things that come in order over something that may lose some, and a log that can be asked for what is missing.

import { createBackoff } from "./backoff.js";

const MAX_VAIN = 6; // times that the log had nothing: it may be read from a process that is a little behind
const MAX_HELD = 1_000; // more are not kept, for the log has them

/**
 * @template T
 * @param {object} options
 * @param {(item: T, settled: boolean) => boolean} options.take  false: something is missing before it. `settled`: the
 *   log was asked after the item had come
 * @param {() => Promise<boolean>} options.ask  ask the log once; whether it had anything new
 * @param {() => void} [options.onCaughtUp]
 * @param {(error: unknown) => void} options.onFailure  the log could not be asked
 * @param {() => void} [options.onMissing]  even the log lacks something; what was held back because of it is dropped
 * @param {import("./connection.js").Clock} options.clock
 * @param {() => number} options.random
 */
export function createCatchingUp({ take, ask, onCaughtUp, onFailure, onMissing, clock, random }) {
  /** @type {T[]} */
  let held = [];
  /** @type {object | null} the run that counts; null when nothing is missing */
  let run = null;

  async function catchUp() {
    const mine = (run = {});
    const pause = createBackoff({ random, min_ms: 250 });
    try {
      for (let vain = 0; vain < MAX_VAIN; ) {
        const settled = held.length;
        const more = await ask();
        const waited = held.length > 0;
        if (run === mine) replay(settled, mine);
        if (run !== mine) return;
        if (!held.length && (waited || !more)) {
          run = null;
          return onCaughtUp?.();
        }
        if (more) continue;
        vain += 1;
        await new Promise((resolve) => void clock.setTimeout(() => resolve(null), pause.next()));
      }
      if (run !== mine) return;
      stop();
      onMissing?.();
    } catch (error) {
      if (run !== mine) return;
      stop();
      onFailure(error);
    }
  }

  /**
   * Take what was held, in order, as far as it goes.
   * @param {number} settled  for how many of it the log was asked afterwards
   * @param {object} mine
   */
  function replay(settled, mine) {
    const items = held;
    held = [];
    items.forEach((item, at) => {
      if (run === mine && (held.length || !take(item, at < settled))) held.push(item);
    });
  }

  function stop() {
    run = null;
    held = [];
  }

  return {
    /** @param {T} item */
    offer(item) {
      if (!run && take(item, false)) return;
      if (held.length < MAX_HELD) held.push(item);
      if (!run) void catchUp();
    },
    /** Ask the log although nothing is known to be missing. */
    check: () => void (run ?? catchUp()),
    stop,
    get busy() { return run !== null; },
  };
}
