// @ts-check
// What a person has seen: told to the server when the end of the room is in sight, not more often than it needs to be.

const REST_MS = 2_000;

/**
 * @param {object} options
 * @param {import("../connection.js").Clock} options.clock
 * @param {number} options.from  what the server knows already
 * @param {(seq: number) => Promise<unknown>} options.send  rejects where it could not be told
 */
export function createReadSignal({ clock, from, send }) {
  let told = from;
  let seen = from;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  async function tell() {
    if (resting !== undefined || seen <= told) return;
    resting = clock.setTimeout(() => {
      resting = undefined;
      void tell();
    }, REST_MS);
    const before = told;
    told = seen;
    try {
      await send(seen);
    } catch {
      told = before; // told again with the next one that is seen, or when the connection is back
      clock.clearTimeout(resting);
      resting = undefined;
    }
  }

  return {
    /** @param {number} seq  everything up to there was seen */
    seen(seq) {
      seen = Math.max(seen, seq);
      void tell();
    },
    /** The connection is back. */
    again: () => void tell(),
  };
}
