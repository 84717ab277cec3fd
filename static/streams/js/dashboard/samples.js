// @ts-check
// The vital signs of the last minutes, as they were told: a bounded row of samples, and every process seen in it.

/** @typedef {Record<string, any>} Signs  see streams/connections/signs.py */

/**
 * @typedef {object} Sample
 * @property {number} time_s  since 1970, by the server's clock
 * @property {Signs} signs    of all processes together
 * @property {Map<string, Signs>} processes  of each, by its name
 */

/** @typedef {{ name: string, state: "serving" | "draining" | "gone", seen_s: number, signs: Signs }} Seen */

const MOST_SEEN = 40; // processes: a site that restarts every few seconds keeps no endless list

/** @param {{ span_s: number, beat_s?: number }} options  how long a sample is kept, and how far apart they come */
export function createSamples({ span_s, beat_s = 1 }) {
  const most = Math.ceil(span_s / beat_s) + 10;
  /** @type {Sample[]} */
  let kept = [];
  /** @type {Map<string, Seen>} the one that was seen last stands last */
  const seen = new Map();

  /** @param {Sample} sample */
  function notice({ time_s, processes }) {
    for (const [name, signs] of processes) {
      seen.delete(name);
      seen.set(name, { name, state: signs.state === "draining" ? "draining" : "serving", seen_s: time_s, signs });
    }
    for (const [name, { seen_s }] of seen) if (seen_s < time_s - span_s || seen.size > MOST_SEEN) seen.delete(name);
  }

  return {
    get all() { return kept; },
    get newest() { return kept.at(-1); },
    /**
     * Take the next event of the topic `system`; what is no vital signs is passed over.
     * @param {{ type: string, data?: any, time?: string }} envelope
     * @returns {boolean} whether it was one
     */
    add({ type, data, time }) {
      if (type !== "vitals" || !data || typeof data !== "object") return false;
      const { processes = [], ...signs } = data;
      const told_s = Date.parse(time ?? "") / 1000;
      const last_s = kept.at(-1)?.time_s ?? 0;
      const time_s = Number.isFinite(told_s) ? Math.max(told_s, last_s + 0.001) : last_s + beat_s; // another's clock may lag
      const sample = { time_s, signs, processes: new Map(processes.map((/** @type {Signs} */ one) => [one.name, one])) };
      kept.push(sample);
      if (kept.length > most || kept[0].time_s < time_s - span_s) {
        kept = kept.slice(-most).filter((one) => one.time_s >= time_s - span_s);
      }
      notice(sample);
      return true;
    },
    /** Those that serve now, the oldest first, then those that are gone, the newest first. @returns {Seen[]} */
    processes() {
      const now = kept.at(-1)?.processes;
      const here = [...seen.values()].filter(({ name }) => now?.has(name));
      const gone = [...seen.values()].filter(({ name }) => !now?.has(name));
      here.sort((a, b) => b.signs.age_s - a.signs.age_s || a.name.localeCompare(b.name));
      return [...here, ...gone.reverse().map((one) => ({ ...one, state: /** @type {const} */ ("gone") }))];
    },
  };
}
