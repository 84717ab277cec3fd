// @ts-check
// What is said of a job: its numbers, its parameters, what came of it.

/** @typedef {import("./store.js").Job} Job */

const plain = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const MANY = 10_000_000;

/** @param {number} number */
export const count = (number) => (number >= MANY ? short : plain).format(number);

/** "3,450 of 10,000"; nothing as long as there is nothing to say. @param {Job} job */
export function progressWords({ status, done, total }) {
  if (total !== null) return `${count(done)} of ${count(total)}`;
  return done ? count(done) : status === "queued" ? "waits for its turn" : "";
}

/** "820/s". @param {number} per_s */
export const rateWords = (per_s) => `${per_s >= 10 ? count(Math.round(per_s)) : per_s.toFixed(1)}/s`;

/** "12 s left". @param {number} seconds */
export function leftWords(seconds) {
  if (seconds < 1) return "almost there";
  if (seconds < 90) return `${Math.ceil(seconds)} s left`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min left`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h left` : `${Math.round(seconds / 86_400)} days left`;
}

/** "took 4.2 s". @param {string} from @param {string} to */
export function tookWords(from, to) {
  const seconds = Math.max(0, Date.parse(to) - Date.parse(from)) / 1_000;
  if (seconds < 0.995) return `took ${Math.round(seconds * 1_000)} ms`;
  if (seconds < 10) return `took ${seconds.toFixed(1)} s`;
  if (seconds < 90) return `took ${Math.round(seconds)} s`;
  return seconds < 5_400 ? `took ${Math.round(seconds / 60)} min` : `took ${Math.round(seconds / 3_600)} h`;
}

/** @param {Job} job */
export const statusWord = (job) => (job.cancelling ? "cancelling" : job.status);

/**
 * Those that say something.
 * @param {Job} job
 * @param {Record<string, Record<string, unknown>>} defaults  by kind
 * @returns {[name: string, value: string][]}
 */
export const paramsOf = ({ kind, params }, defaults) =>
  Object.entries(params)
    .filter(([name, value]) => value !== null && value !== defaults[kind]?.[name])
    .map(([name, value]) => [name, text(value)]);

/**
 * What a job has to say. A path of this site is a link.
 * @param {Job} job
 * @returns {{ link: { url: string, text: string } | null, facts: [name: string, value: string][] }}
 */
export function resultOf({ result }) {
  if (result === null || result === undefined) return { link: null, facts: [] };
  if (typeof result !== "object" || Array.isArray(result)) return { link: null, facts: [["", text(result)]] };
  const { url, text: words, ...rest } = /** @type {Record<string, unknown>} */ (result);
  const isPath = typeof url === "string" && /^\/(?!\/)/.test(url);
  return {
    link: isPath ? { url, text: text(words ?? url) } : null,
    facts: Object.entries(rest).map(([name, value]) => [name, text(value)]),
  };
}

/** @param {unknown} value */
function text(value) {
  if (typeof value === "number") return plain.format(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What is said aloud of a job that has just become what it is. @param {Job} job */
export const spoken = (job) => `${job.title}: ${job.error ? `${job.status}, ${job.error.message}` : job.status}`;
