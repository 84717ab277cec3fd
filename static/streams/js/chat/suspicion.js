// @ts-check
// When a way to the room is to be given up for another: what it does to every connection, and not to one.

/** @typedef {import("../connection.js").ConnectionState} ConnectionState */

const ENOUGH = 4;
const NOT_OPENED = 2; // refused on the way, or reset
const NOTHING_CAME = 4; // opened by somebody who then passes nothing on
const FELL_SILENT = 2;
const CUT_SOON = 1;
const STEADY_MS = 10_000; // whoever lives so long has a way

/** @param {{ clock: { now(): number } }} options */
export function createSuspicion({ clock }) {
  let points = 0;
  /** @type {number | null} */
  let live_at_ms = null;

  /** @param {ConnectionState} state @param {number | null} lived_ms */
  function weigh({ reason }, lived_ms) {
    if (lived_ms === null) return reason === "silent" ? NOTHING_CAME : reason === "lost" ? NOT_OPENED : -points;
    if (reason === "silent") return FELL_SILENT;
    return reason === "lost" && lived_ms < STEADY_MS ? CUT_SOON : -points;
  }

  return {
    get isEnough() { return points >= ENOUGH; },
    /** Take what became of a connection: a reason that a server gives is no fault of the way. @param {ConnectionState} state */
    saw(state) {
      const lived_ms = live_at_ms === null ? null : clock.now() - live_at_ms;
      live_at_ms = state.name === "live" ? clock.now() : null;
      if (state.name === "waiting") points += weigh(state, lived_ms);
    },
  };
}
