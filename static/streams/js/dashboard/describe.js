// @ts-check
// A chart for those who don't see it: a sentence, and a table of a few moments.

import { format, spanWords } from "./format.js";
import { rangeOf } from "./series.js";

/** @typedef {import("./series.js").Point} Point */
/** @typedef {{ label: string, points: Point[] }} Drawn */

const ROWS = 10;

/**
 * "Latency over the last 5 minutes. p99: now 35 ms, between 12 ms and 80 ms. p50: nothing."
 * @param {string} title
 * @param {import("./format.js").Unit} unit
 * @param {Drawn[]} lines
 * @param {number} span_s
 */
export function describe(title, unit, lines, span_s) {
  const said = lines.map(({ label, points }) => {
    const range = rangeOf(points);
    if (!range) return `${label}: nothing.`;
    const { least, most, last } = range;
    const between = least === most ? "steady" : `between ${format(unit, least)} and ${format(unit, most)}`;
    return `${label}: now ${format(unit, last)}, ${between}.`;
  });
  return `${title} over the last ${spanWords(span_s)}. ${said.join(" ")}`;
}

/**
 * The values at even moments, the newest first; NaN where there is none.
 * @param {Drawn[]} lines
 * @param {{ now_s: number, span_s: number }} view
 * @returns {{ time_s: number, values: number[] }[]}
 */
export function tableOf(lines, { now_s, span_s }) {
  const step_s = span_s / ROWS;
  const newest_s = Math.floor(now_s / step_s) * step_s;
  const moments = Array.from({ length: ROWS }, (_, at) => newest_s - at * step_s);
  return [now_s, ...moments]
    .map((time_s) => ({ time_s, values: lines.map(({ points }) => valueAt(points, time_s, step_s / 4)) }))
    .filter(({ values }) => values.some(Number.isFinite));
}

/** @param {Point[]} points @param {number} time_s @param {number} within_s */
function valueAt(points, time_s, within_s) {
  const near = points.filter(({ x }) => Math.abs(x - time_s) <= within_s);
  near.sort((a, b) => Math.abs(a.x - time_s) - Math.abs(b.x - time_s));
  return near[0]?.y ?? NaN;
}
