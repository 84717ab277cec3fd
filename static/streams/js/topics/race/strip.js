// @ts-check
// The last seconds of a lane in slots of time: how many events came in each, and how the reader was. No DOM.

/** @typedef {boolean | "stalled"} Reading  whether somebody reads; stalled: connected, and does not */
/** @typedef {{ events: number, late: number, gap: boolean, reading: Reading }} Slot */

/** @param {{ clock: { now(): number }, slots?: number, slot_ms?: number }} options */
export function createStrip({ clock, slots = 200, slot_ms = 100 }) {
  /** @type {Slot[]} oldest first; the last one is now */
  const row = Array.from({ length: slots }, () => emptySlot(false));
  /** @type {Reading} */
  let reading = false;
  let newest = Math.floor(clock.now() / slot_ms);

  /** Let time pass. @returns {Slot} the slot that is now */
  function advance() {
    const now = Math.floor(clock.now() / slot_ms);
    for (let steps = Math.min(slots, now - newest); steps > 0; steps -= 1) {
      row.shift();
      row.push(emptySlot(reading));
    }
    newest = now;
    return row[slots - 1];
  }

  return {
    /** @param {boolean} late  published before the reader could read it */
    event(late) {
      const slot = advance();
      slot.events += 1;
      if (late) slot.late += 1;
    },
    gap() {
      advance().gap = true;
    },
    /** @param {Reading} now */
    become(now) {
      advance().reading = reading = now;
    },
    /** @returns {Slot[]} */
    read() {
      advance();
      return row;
    },
    /** Which slot is now; what `read` answers may have changed since only if this has, or something came. */
    get newest() { return newest; },
    /** How much of the slot that is now has passed: 0 to 1. */
    get phase() { return Math.min(1, Math.max(0, clock.now() / slot_ms - newest)); },
  };
}

/** @param {Reading} reading @returns {Slot} */
const emptySlot = (reading) => ({ events: 0, late: 0, gap: false, reading });
