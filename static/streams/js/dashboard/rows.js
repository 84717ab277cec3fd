// @ts-check
// What stands in the tables: processes, the slowest readers, the busiest topics, the connections that ended last.

import { format } from "./format.js";
import { isTrouble, processWords, reasonWords, techniqueWords } from "./words.js";

/** @typedef {import("./table-view.js").Row} Row */
/** @typedef {{ connection: string | null, topic: string }} Addresses  with ID and NAME in place of what is meant */

/** @param {Record<string, number>} connections */
const sum = (connections) => Object.values(connections).reduce((total, count) => total + count, 0);

/** @param {import("./samples.js").Seen[]} seen @param {number} now_s @returns {Row[]} */
export function processRows(seen, now_s) {
  return seen.map(({ name, state, seen_s, signs }) => {
    const gone = state === "gone";
    const now = (/** @type {string} */ text) => (gone ? "–" : text);
    return {
      key: name,
      className: gone ? "gone" : "",
      cells: [
        { text: name, className: "code" },
        { text: processWords(state), className: `state state-${state}` },
        gone ? `${format("s", Math.max(0, now_s - seen_s))} ago` : format("s", signs.age_s),
        now(format("bytes", signs.resident_bytes)),
        now(format("percent", signs.cpu_percent)),
        now(format("count", sum(signs.connections))),
        now(format("ms", signs.loop_lag_ms)),
      ],
    };
  });
}

/** @param {any[]} slowest @param {Addresses} addresses @returns {Row[]} */
export function slowestRows(slowest, addresses) {
  return slowest.map(({ connection, who, technique, topic, lag, waiting_bytes }) => ({
    key: connection,
    cells: [
      { text: who, title: who, href: connectionAddress(addresses, connection) },
      techniqueWords(technique),
      topic ? { text: topic, title: topic, href: topicAddress(addresses, topic), className: "code" } : "–",
      format("count", lag),
      format("bytes", waiting_bytes),
    ],
  }));
}

/** @param {any[]} busiest @param {Addresses} addresses @returns {Row[]} */
export function busiestRows(busiest, addresses) {
  return busiest.map(({ topic, events_per_s, deliveries_per_s, readers }) => ({
    key: topic,
    cells: [
      { text: topic, title: topic, href: topicAddress(addresses, topic), className: "code" },
      format("per_s", events_per_s),
      format("per_s", deliveries_per_s),
      format("count", readers),
    ],
  }));
}

/** @param {any[]} closes @param {Addresses} addresses @param {(time_s: number) => string} clock @returns {Row[]} */
export function closeRows(closes, addresses, clock) {
  return closes.map(({ connection, who, technique, reason, time, seconds }) => ({
    key: connection,
    cells: [
      clock(time),
      { text: who, title: who, href: connectionAddress(addresses, connection) },
      techniqueWords(technique),
      { text: reasonWords(reason), className: isTrouble(reason) ? "trouble" : "" },
      format("s", seconds),
    ],
  }));
}

/** @param {Addresses} addresses @param {string} id */
const connectionAddress = ({ connection }, id) => connection && connection.replace("ID", encodeURIComponent(id));

/** @param {Addresses} addresses @param {string} name */
const topicAddress = ({ topic }, name) => topic.replace("NAME", encodeURIComponent(name));
