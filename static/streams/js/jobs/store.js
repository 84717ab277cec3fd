// @ts-check
// Jobs as the page knows them: the state of its loading, and every event of their topics since.

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} kind
 * @property {string} title
 * @property {Record<string, unknown>} params
 * @property {"queued" | "running" | "done" | "failed" | "cancelled" | "interrupted"} status
 * @property {number} done
 * @property {number | null} total
 * @property {unknown} result
 * @property {{ message: string } | null} error
 * @property {boolean} cancelling
 * @property {number} attempts
 * @property {string} topic
 * @property {string} url
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} ended_at
 */
/** @typedef {import("../connection.js").Envelope} Envelope */

/** @param {Job} job */
export const moves = (job) => job.status === "queued" || job.status === "running";

/**
 * A job has two topics, its own and its owner's, which come in no order between them: what is older than what is known
 * of it by the server's clock is passed over.
 * @param {Job[]} jobs
 */
export function createStore(jobs) {
  const known = new Map(jobs.map((job) => [job.id, job]));
  /** @type {Map<string, string>} */
  const times = new Map();

  /** @param {string} id @param {string} time */
  function isNews(id, time) {
    if (time < (times.get(id) ?? "")) return false;
    times.set(id, time);
    return true;
  }

  /** @param {Job} job @param {Envelope} envelope */
  function patch(job, { type, data }) {
    const { done, total, result, status, count, error } = data;
    if (type === "job.end") return { ...job, done: count, total, result, status, error, cancelling: false };
    if (type === "job.queued" || type === "job.started") return { ...job, done, total, result, status, error: null };
    return type === "job.progress" ? { ...job, done, total, result } : job;
  }

  return {
    /** @returns {Job[]} newest first */
    get jobs() { return [...known.values()].sort((one, other) => (one.created_at < other.created_at ? 1 : -1)); },
    /**
     * @param {Envelope} envelope
     * @returns {Job | null} the job that it changes
     */
    take(envelope) {
      const id = envelope.type === "job.changed" ? envelope.data.id : envelope.topic.slice("job:".length);
      const before = known.get(id);
      if (!isNews(id, envelope.time) || (envelope.type !== "job.changed" && !before)) return null;
      const job = envelope.type === "job.changed" ? envelope.data : patch(/** @type {Job} */ (before), envelope);
      known.set(id, job);
      return job;
    },
    /** When the newest event of a job was, before something is asked of it. @param {string} [id] */
    seen: (id = "") => times.get(id) ?? "",
    /**
     * What the server answered; events that came meanwhile are newer than that.
     * @param {Job} job
     * @param {string} seen  before it was asked
     * @returns {Job | null}
     */
    put(job, seen) {
      if (known.has(job.id) && (times.get(job.id) ?? "") !== seen) return null;
      known.set(job.id, job);
      return job;
    },
  };
}
