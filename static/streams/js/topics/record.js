// @ts-check
// What one reader has lived through: its events counted, timed and checked for holes. No DOM, no connection.

import { distance, epochOf } from "../position.js";
import { createEpisodes } from "./episodes.js";

/** @typedef {import("../connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./episodes.js").Episode} Episode */

const NEWEST = 200; // events that the delays are of
const COMPACTED = /^room:/; // numbers are missing from these: answers that ended are put together, and nothing is lost

/**
 * @param {object} options
 * @param {{ now(): number }} options.clock
 * @param {ReturnType<typeof import("./skew.js").createSkew>} options.skew  one for all readers of a page
 * @param {string} options.position  after which it reads
 */
export function createRecord({ clock, skew, position }) {
  const episodes = createEpisodes({ clock });
  /** @type {number[]} time and clocks apart, of the newest events; newest last */
  let apart_ms = [];
  let received = 0;
  let missed = 0;
  let lost = 0;
  let wasLive = false;

  /** @param {string | undefined} time */
  function measure(time) {
    const apart = skew.hear(Date.parse(time ?? ""), clock.now());
    if (Number.isNaN(apart)) return apart;
    apart_ms.push(apart);
    if (apart_ms.length > NEWEST * 2) apart_ms = apart_ms.slice(-NEWEST);
    return skew.delay(apart);
  }

  return {
    /**
     * @param {import("../connection.js").Envelope} envelope
     * @returns {boolean} whether it had been published before the reader could read it
     */
    take({ id, time, topic }) {
      const hole = COMPACTED.test(topic) ? 0 : Math.max(0, (distance(position, id) ?? 1) - 1);
      const late = episodes.event(measure(time), hole, position);
      received += 1;
      lost += hole;
      position = id;
      return late;
    },
    /** @param {import("../connection.js").Gap} gap */
    gap(gap) {
      episodes.gap(gap, position);
      missed += gap.lost ?? 0;
      position = gap.resumed_at;
    },
    /**
     * @param {ConnectionState} state
     * @param {string} at  the position that the connection would resume from
     */
    become({ name }, at) {
      if (!epochOf(position)) position = at; // "from now on" has become a place; any other is not the server's to move
      if (name === "live") episodes.back();
      else if (wasLive) episodes.begin("lost", position);
      wasLive = name === "live";
    },
    /** It is known why there will be no reading for now. @type {typeof episodes.begin} */
    begin: episodes.begin,
    get position() { return position; },
    /** @returns {Episode | null} */
    get episode() { return episodes.last; },
    get figures() {
      const delays_ms = apart_ms.slice(-NEWEST).map(skew.delay).sort((one, other) => one - other);
      return { received, missed, lost, median_ms: quantile(delays_ms, 0.5), p95_ms: quantile(delays_ms, 0.95) };
    },
  };
}

/**
 * The nearest of the values that so large a part of them does not exceed.
 * @param {number[]} sorted
 * @param {number} part
 * @returns {number | null} null when there are none
 */
export function quantile(sorted, part) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] : null;
}
