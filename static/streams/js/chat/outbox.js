// @ts-check
// Messages on their way. Each keeps its client_id through every attempt, so the server can tell a repetition. The box
// outlives the tab: whatever page of the room is opened next sends what is left, but for what is too old to be sent
// unasked.

import { waitOf } from "../failures.js";
import { readJson, writeJson } from "../storage.js";
import { RequestFailed } from "../requests.js";

/** @typedef {import("./types.js").PendingMessage} PendingMessage */

const PASSING = ["disconnected", "limit", "unavailable", "stream_closed"]; // refused for now: nobody need do anything
const WAITING = ["unsent", "accepted"];
const REST_MS = 2_000; // where the server did not say how long
const STALE_MS = 3_600_000;
const STALE = { code: "stale", message: "It was written long ago, and the connection did not come back", retryable: true };

/**
 * @param {object} options
 * @param {(request: object) => Promise<string | undefined>} options.ask  answers the id in the log
 * @param {(id: string) => boolean} options.isPast  whether that id lies before what this page has read
 * @param {() => string} options.createId
 * @param {import("../connection.js").Clock} options.clock
 * @param {() => number} options.random
 * @param {Storage | null} options.storage
 * @param {string} options.key
 * @param {(entry: PendingMessage | null, client_id: string) => void} options.onChange  null: it is gone
 */
export function createOutbox({ ask, isPast, createId, clock, random, storage, key, onChange }) {
  /** @type {Map<string, PendingMessage>} */
  const entries = new Map();
  let flushing = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} until anything is sent again */
  let resting;
  /** @type {PendingMessage["error"]} why it rests: what waits behind is told so too */
  let reason = null;
  const kept = () => readJson(storage, key, /** @type {PendingMessage[]} */ ([])).filter((entry) => entry?.client_id && (entry.text || entry.more?.files?.length));
  for (const entry of kept()) {
    const stale = !(clock.now() - Date.parse(entry.time) < STALE_MS);
    if (entry.status === "failed" || stale) entries.set(entry.client_id, { ...entry, status: "failed", error: entry.error ?? STALE });
    else entries.set(entry.client_id, { ...entry, status: "unsent" });
  }

  /** @param {string} client_id @param {Partial<PendingMessage> | null} values */
  function change(client_id, values) {
    const entry = entries.get(client_id);
    if (!entry) return;
    if (values) Object.assign(entry, values);
    else entries.delete(client_id);
    const others = kept().filter((other) => other.client_id !== client_id); // of other tabs, too
    const all = values ? [...others, entry] : others;
    writeJson(storage, key, all.length ? all : null);
    onChange(values ? entry : null, client_id);
  }

  /** @param {PendingMessage} entry */
  async function attempt(entry) {
    const { client_id, text, more } = entry;
    change(client_id, { status: "sending", error: null });
    try {
      const id = await ask({ op: "say", text, client_id, ...more });
      change(client_id, id && isPast(id) ? null : { status: "accepted" });
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const { code, retry_after_s } = error.failure;
      if (!PASSING.includes(code)) return change(client_id, { status: "failed", error: error.failure });
      change(client_id, { status: "unsent", error: code === "disconnected" ? null : error.failure });
      if (code !== "disconnected") rest(waitOf(retry_after_s) || REST_MS, error.failure);
    }
  }

  /** Send nothing for so long: what was refused for now would be refused again. @param {number} ms @param {PendingMessage["error"]} failure */
  function rest(ms, failure) {
    reason = failure;
    for (const { client_id, status } of [...entries.values()]) if (status === "unsent") change(client_id, { error: reason });
    clock.clearTimeout(resting);
    resting = clock.setTimeout(() => {
      resting = undefined;
      void flush();
    }, ms * (1 + random() / 2));
  }

  /** Send what is not known to be in the log, one after the other; what is written meanwhile comes after it. */
  async function flush() {
    if (flushing) return;
    flushing = true;
    const tried = new Set();
    const next = () => [...entries.values()].find((entry) => WAITING.includes(entry.status) && !tried.has(entry));
    try {
      for (let entry = next(); entry && resting === undefined; entry = next()) {
        tried.add(entry);
        await attempt(entry);
      }
    } finally {
      flushing = false;
    }
  }

  return {
    get entries() { return [...entries.values()]; },
    /** @param {string} text @param {PendingMessage["more"]} [more]  what is said with it */
    add(text, more = {}) {
      const busy = flushing || resting !== undefined; // then it waits behind the others
      /** @type {PendingMessage} */
      const entry = {
        client_id: createId(), text, more, time: new Date(clock.now()).toISOString(), status: busy ? "unsent" : "sending",
        error: resting === undefined ? null : reason,
      };
      entries.set(entry.client_id, entry);
      if (!busy) return attempt(entry);
      change(entry.client_id, {});
      return Promise.resolve();
    },
    /** Send again, in order, whatever is not known to be in the log. Called when the connection is live again. */
    flush() {
      clock.clearTimeout(resting);
      resting = undefined;
      return flush();
    },
    /** @param {string} client_id */
    retry(client_id) {
      const entry = entries.get(client_id);
      return entry ? attempt(entry) : Promise.resolve();
    },
    /** It is in the log, or was given up. @param {string | undefined} client_id */
    remove: (client_id) => void (client_id && change(client_id, null)),
  };
}
