// @ts-check
// The charts: what each shows, in which unit, and in which of the tokens' colours.

import { techniqueWords } from "./words.js";

/** @typedef {import("./samples.js").Signs} Signs */
/** @typedef {import("./format.js").Unit} Unit */

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {(signs: Signs) => number | null | undefined} read
 * @property {1 | 2 | 3 | 4 | 5 | 6} tone  of `--chart-1` and its like; on a line also a kind of stroke
 * @property {Unit} [unit]  where it is not the panel's: then it has the axis at the right
 */

/**
 * @typedef {object} Panel
 * @property {string} name
 * @property {string} title
 * @property {string} hint  what one reads from it
 * @property {Unit} unit
 * @property {"area" | "line" | "bars"} kind  areas and bars stand on each other
 * @property {boolean} [log]
 * @property {number} atLeast  what the axis reaches, however little there is
 * @property {"half" | "third"} width
 * @property {boolean} [whole]  known of the whole site only
 * @property {Line[]} lines
 */

/** @param {string} name @returns {(signs: Signs) => number | null | undefined} */
const field = (name) => (signs) => signs[name];

const APART = ["sse", "websocket", "ndjson", "longpoll", "chat"]; // the others are few, and together

/** @param {Signs} signs */
function others({ connections = {} }) {
  return Object.entries(connections).reduce((sum, [name, count]) => (APART.includes(name) ? sum : sum + count), 0);
}

/** @type {Panel[]} */
export const PANELS = [
  {
    name: "connections", title: "Connections", hint: "Open streams and sockets, by technique.",
    unit: "count", kind: "area", atLeast: 5, width: "half",
    lines: [
      ...APART.map((name, at) => ({
        label: techniqueWords(name), read: (/** @type {Signs} */ signs) => signs.connections?.[name] ?? 0, tone: /** @type {any} */ (at + 1),
      })),
      { label: "Reports, downloads", read: others, tone: 6 },
    ],
  },
  {
    name: "traffic", title: "Traffic", hint: "Events published, at the right, and what became of them: one delivery for each reader.",
    unit: "per_s", kind: "line", atLeast: 10, width: "half",
    lines: [
      { label: "Deliveries", read: field("events_out_per_s"), tone: 1 },
      { label: "Events in (right)", read: field("events_in_per_s"), tone: 2, unit: "per_s" },
    ],
  },
  {
    name: "latency", title: "Latency", hint: "From the publishing of an event to the socket of its reader. The axis goes by powers of ten.",
    unit: "ms", kind: "line", log: true, atLeast: 100, width: "third",
    lines: [
      { label: "p99", read: field("latency_p99_ms"), tone: 2 },
      { label: "p50", read: field("latency_p50_ms"), tone: 1 },
    ],
  },
  {
    name: "lag", title: "Largest lag", hint: "Events by which the reader that is furthest behind is behind.",
    unit: "count", kind: "line", atLeast: 10, width: "third",
    lines: [{ label: "Events", read: field("lag_max"), tone: 2 }],
  },
  {
    name: "loop", title: "Event-loop lag", hint: "How long the loop of a process kept others waiting, at worst.",
    unit: "ms", kind: "line", atLeast: 20, width: "third",
    lines: [{ label: "Worst", read: field("loop_lag_ms"), tone: 4 }],
  },
  {
    name: "memory", title: "Memory", hint: "Resident memory of the processes.",
    unit: "bytes", kind: "line", atLeast: 10e6, width: "third",
    lines: [{ label: "Resident", read: field("resident_bytes"), tone: 1 }],
  },
  {
    name: "cpu", title: "CPU", hint: "100 % is one core.",
    unit: "percent", kind: "line", atLeast: 20, width: "third",
    lines: [{ label: "CPU", read: field("cpu_percent"), tone: 3 }],
  },
  {
    name: "buffers", title: "Buffers", hint: "The newest events of each topic, kept in rings, and bytes that wait for sockets.",
    unit: "bytes", kind: "line", atLeast: 100e3, width: "third",
    lines: [
      { label: "Rings", read: field("ring_bytes"), tone: 1 },
      { label: "Waiting", read: field("waiting_bytes"), tone: 2 },
    ],
  },
  {
    name: "claude", title: "Claude", hint: "Answers that are being written, on the whole site. A day begins at midnight UTC.",
    unit: "count", kind: "area", atLeast: 4, width: "half", whole: true,
    lines: [{ label: "Answers running", read: (signs) => signs.claude?.running, tone: 4 }],
  },
  {
    name: "errors", title: "Errors and refusals", hint: "Errors in the log, and connections that were refused.",
    unit: "count", kind: "bars", atLeast: 4, width: "half",
    lines: [
      { label: "Errors", read: field("errors"), tone: 6 },
      { label: "Refused", read: field("refused"), tone: 5 },
    ],
  },
];
