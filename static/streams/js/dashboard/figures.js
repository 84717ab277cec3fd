// @ts-check
// The big numbers: what each is now, how it was a minute ago, and whether that is worth a look.

import { format } from "./format.js";
import { sampleAt, signsOf, totalOf } from "./series.js";

/** @typedef {import("./samples.js").Sample} Sample */
/** @typedef {import("./samples.js").Signs} Signs */
/** @typedef {import("./format.js").Unit} Unit */
/** @typedef {"" | "watch" | "bad"} Level */

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} label
 * @property {Unit} unit
 * @property {number | null | undefined} value
 * @property {string} before  in words
 * @property {Level} level
 */

/** @param {Signs} signs */
const connections = (signs) => Object.values(signs.connections ?? {}).reduce((sum, count) => sum + count, 0);

/** From which value on a number is worth a look, and from which it is bad. @type {Record<string, [number, number]>} */
const LEVELS = { p99: [200, 1_000], lag: [100, 1_000], errors: [1, 10] };

/** @param {string} name @param {number | null | undefined} value @returns {Level} */
export function levelOf(name, value) {
  const [watch, bad] = LEVELS[name] ?? [Infinity, Infinity];
  if (value === null || value === undefined || value < watch) return "";
  return value < bad ? "watch" : "bad";
}

/**
 * @param {Sample[]} samples
 * @param {{ process: string, span_s: number, beat_s: number, own?: boolean }} view  own: this page is one of the connections
 * @returns {Figure[]}
 */
export function figuresOf(samples, { process, span_s, beat_s, own = true }) {
  const now = samples.at(-1);
  const now_s = now?.time_s ?? 0;
  const then = now && sampleAt(samples, now_s - 60, beat_s);

  /** @param {string} name @param {string} label @param {Unit} unit @param {(signs: Signs, sample: Sample) => number | null | undefined} read @returns {Figure} */
  function figure(name, label, unit, read) {
    const at = (/** @type {Sample | undefined} */ sample) => {
      const signs = sample && signsOf(sample, process);
      return signs && sample ? read(signs, sample) : undefined;
    };
    const value = at(now);
    return { name, label, unit, value, before: beforeWords(unit, at(then)), level: levelOf(name, value) };
  }

  const open = figure("connections", "Connections", "count", connections);
  if (own && open.value === 1) open.before = "only this page";
  const errors = (/** @type {Signs} */ signs) => signs.errors;
  const total = now && totalOf(samples, errors, { process, from_s: now_s - span_s });
  const lately = now ? totalOf(samples, errors, { process, from_s: now_s - 60 }) : 0;
  return [
    open,
    figure("deliveries", "Deliveries", "per_s", (signs) => signs.events_out_per_s),
    figure("p99", "Latency, p99", "ms", (signs) => signs.latency_p99_ms),
    figure("lag", "Largest lag, events", "count", (signs) => signs.lag_max),
    figure("processes", "Processes", "count", (_, { processes }) => processes.size),
    {
      name: "errors", label: `Errors in ${minutes(span_s)}`, unit: "count", value: total,
      before: !now ? "" : lately ? `${format("count", lately)} in the last minute` : "none in the last minute",
      level: levelOf("errors", total),
    },
  ];
}

/** @param {number} span_s */
const minutes = (span_s) => (span_s >= 3_600 ? `${span_s / 3_600} h` : `${Math.round(span_s / 60)} min`);

/** @param {Unit} unit @param {number | null | undefined} value */
function beforeWords(unit, value) {
  if (value === undefined) return "";
  return value === null ? "nothing a minute ago" : `${format(unit, value)} a minute ago`;
}
