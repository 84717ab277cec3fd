// @ts-check
// Samples as points of a line: those of one process or of all, as many as fit a chart, and a hole where nothing was told.

/** @typedef {import("./samples.js").Sample} Sample */
/** @typedef {import("./samples.js").Signs} Signs */
/** @typedef {{ x: number, y: number }} Point  x: seconds since 1970; y: NaN where there is a hole */
/** @typedef {(signs: Signs) => number | null | undefined} Read */

const MOST_POINTS = 300;
const MISSED = 3.5; // beats without a word are a hole

/**
 * The signs that are looked at: those of all, or of one process; undefined while that is not there.
 * @param {Sample} sample
 * @param {string} process  empty: all
 */
export const signsOf = (sample, process) => (process ? sample.processes.get(process) : sample.signs);

/**
 * Peaks are kept: where several samples share a point it has the greatest of their values.
 * @param {Sample[]} samples
 * @param {Read} read
 * @param {{ process?: string, from_s: number, span_s: number, beat_s?: number, add?: boolean }} view
 *   add: the sum instead of the greatest, for what is counted
 * @returns {Point[]}
 */
export function pointsOf(samples, read, { process = "", from_s, span_s, beat_s = 1, add = false }) {
  const step_s = Math.ceil(Math.max(1, span_s / beat_s / MOST_POINTS)) * beat_s;
  const hole_s = Math.max(MISSED * beat_s, 1.5 * step_s);
  /** @type {Point[]} */
  const points = [];
  let last_s = 0;
  for (const sample of samples) {
    if (sample.time_s < from_s) continue;
    const signs = signsOf(sample, process);
    const value = signs === undefined ? undefined : read(signs);
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    const x = step_s > beat_s ? (Math.floor(sample.time_s / step_s) + 0.5) * step_s : sample.time_s;
    const point = points.at(-1);
    if (point && point.x === x) point.y = add ? point.y + value : Math.max(point.y, value);
    else {
      if (point && sample.time_s - last_s > hole_s) points.push({ x: (last_s + sample.time_s) / 2, y: NaN });
      points.push({ x, y: value });
    }
    last_s = sample.time_s;
  }
  return points;
}

/**
 * The sample of a moment; undefined if none was told within three beats of it.
 * @param {Sample[]} samples
 * @param {number} time_s
 * @param {number} [beat_s]
 */
export function sampleAt(samples, time_s, beat_s = 1) {
  const later = samples.findIndex((sample) => sample.time_s >= time_s);
  const near = [samples[later === -1 ? samples.length - 1 : later], samples[later - 1]].filter(Boolean);
  near.sort((a, b) => Math.abs(a.time_s - time_s) - Math.abs(b.time_s - time_s));
  return near[0] && Math.abs(near[0].time_s - time_s) <= 3 * beat_s ? near[0] : undefined;
}

/**
 * What was counted from a moment on.
 * @param {Sample[]} samples
 * @param {Read} read
 * @param {{ process?: string, from_s: number }} view
 */
export function totalOf(samples, read, { process = "", from_s }) {
  let total = 0;
  for (const sample of samples) {
    const signs = sample.time_s >= from_s ? signsOf(sample, process) : undefined;
    total += (signs && read(signs)) || 0;
  }
  return total;
}

/** The least, the greatest and the last value of a line; null where it has none. @param {Point[]} points */
export function rangeOf(points) {
  const values = points.map(({ y }) => y).filter(Number.isFinite);
  if (!values.length) return null;
  return { least: Math.min(...values), most: Math.max(...values), last: values[values.length - 1] };
}
