// @ts-check
// Messages on their way. Each keeps its client_id through every attempt, so the server can tell a repetition;
// the box outlives a reload of the tab.

import { readJson, writeJson } from "../storage.js";
import { RequestFailed } from "../requests.js";

/** @typedef {import("./types.js").PendingMessage} PendingMessage */

/**
 * @param {object} options
 * @param {(request: object) => Promise<string | undefined>} options.ask  answers the id in the log
 * @param {(id: string) => boolean} options.isPast  whether that id lies before what this page has read
 * @param {() => string} options.createId
 * @param {{ now(): number }} options.clock
 * @param {Storage | null} options.storage
 * @param {string} options.key
 * @param {(entry: PendingMessage | null, client_id: string) => void} options.onChange  null: it is gone
 */
export function createOutbox({ ask, isPast, createId, clock, storage, key, onChange }) {
  /** @type {Map<string, PendingMessage>} */
  const entries = new Map();
  for (const entry of readJson(storage, key, /** @type {PendingMessage[]} */ ([]))) {
    const status = entry.status === "failed" ? "failed" : "unsent";
    if (entry.client_id && entry.text) entries.set(entry.client_id, { ...entry, status });
  }

  /** @param {string} client_id @param {Partial<PendingMessage> | null} values */
  function change(client_id, values) {
    const entry = entries.get(client_id);
    if (!entry) return;
    if (values) Object.assign(entry, values);
    else entries.delete(client_id);
    writeJson(storage, key, entries.size ? [...entries.values()] : null);
    onChange(values ? entry : null, client_id);
  }

  /** @param {PendingMessage} entry */
  async function attempt(entry) {
    const { client_id, text } = entry;
    change(client_id, { status: "sending", error: null });
    try {
      const id = await ask({ op: "say", text, client_id });
      change(client_id, id && isPast(id) ? null : { status: "accepted" });
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const cut = error.failure.code === "disconnected";
      change(client_id, cut ? { status: "unsent" } : { status: "failed", error: error.failure });
    }
  }

  return {
    get entries() { return [...entries.values()]; },
    /** @param {string} text */
    add(text) {
      /** @type {PendingMessage} */
      const entry = { client_id: createId(), text, time: new Date(clock.now()).toISOString(), status: "sending", error: null };
      entries.set(entry.client_id, entry);
      return attempt(entry);
    },
    /** Send again, in order, whatever is not known to be in the log. Called when the connection is live again. */
    flush() {
      return Promise.all([...entries.values()].filter((entry) => entry.status !== "failed").map(attempt));
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
