// @ts-check
// How fast something goes, and how long the rest will take: over the last seconds, so that a pause is forgotten.

const WINDOW_MS = 6_000;
const UNITS = ["kB", "MB", "GB", "TB"];

/** "3.2 MB"; in powers of a thousand, as the list says it. @param {number} bytes */
export function sizeWords(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  let [value, unit] = [bytes / 1_000, 0];
  for (; value >= 999.5 && unit < UNITS.length - 1; unit += 1) value /= 1_000;
  return `${value.toFixed(value >= 99.5 ? 0 : 1)} ${UNITS[unit]}`;
}

/** "12 s", "3 min", "2 h". @param {number} seconds */
export function spanWords(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

/** @param {{ now(): number }} clock */
export function createPace(clock) {
  /** @type {[at_ms: number, done: number][]} */
  let seen = [];
  return {
    /** @param {number} done so far */
    add(done) {
      const now_ms = clock.now();
      if (seen.length && done < seen[seen.length - 1][1]) seen = [];
      seen.push([now_ms, done]);
      while (seen.length > 2 && seen[0][0] < now_ms - WINDOW_MS) seen.shift();
    },
    reset() {
      seen = [];
    },
    /** In a second; null while nobody can say. */
    get perSecond() {
      if (seen.length < 2) return null;
      const [[from_ms, from], [to_ms, to]] = [seen[0], seen[seen.length - 1]];
      return to_ms - from_ms < 200 ? null : ((to - from) / (to_ms - from_ms)) * 1_000;
    },
    /** In seconds; null while nobody can say. @param {number} total */
    left(total) {
      const rate = this.perSecond;
      return rate ? (total - seen[seen.length - 1][1]) / rate : null;
    },
  };
}
