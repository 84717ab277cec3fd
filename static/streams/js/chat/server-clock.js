// @ts-check
// The server's time, as well as its events tell it: no event can come before it was written.

/** @param {{ now(): number }} clock  of this machine, which may be wrong */
export function createServerClock(clock) {
  let ahead_ms = Infinity; // how far this machine's clock is ahead, at most
  return {
    /** An event came that was written at `iso`. @param {string | undefined} iso */
    heard(iso) {
      const written_ms = Date.parse(iso ?? "");
      if (!Number.isNaN(written_ms)) ahead_ms = Math.min(ahead_ms, clock.now() - written_ms);
    },
    now: () => clock.now() - (Number.isFinite(ahead_ms) ? ahead_ms : 0),
  };
}
