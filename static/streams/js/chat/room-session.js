// @ts-check
// A room that stays true: events in order, older pages on request, and the history read again wherever
// the stream says something is missing or an answer does not add up. No DOM.

import { createBackoff } from "../backoff.js";
import { isIntact } from "./integrity.js";

/** @typedef {import("../connection.js").Envelope} Envelope */
/** @typedef {import("./room-store.js").Change} Change */
/** @typedef {import("./types.js").GenerationItem} GenerationItem */

const MAX_HELD = 5_000; // events kept while the history is read; beyond, it is read once more

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("../websocket-stream.js").createWebSocketStream>} options.client
 * @param {ReturnType<typeof import("./history.js").createHistory>} options.history
 * @param {import("../connection.js").Clock} options.clock
 * @param {() => number} options.random
 * @param {SubtleCrypto | undefined} options.subtle
 * @param {(change: Change) => void} options.onChange
 * @param {(gap: { lost: number | null, reason: string }) => void} options.onReload  everything was read anew
 * @param {(message: string) => void} options.onError
 */
export function createRoomSession({ store, client, history, clock, random, subtle, onChange, onReload, onError }) {
  const backoff = createBackoff({ random, min_ms: 1_000 });
  /** @type {Envelope[] | null} events that wait until the history is read; null when nothing is being read */
  let held = null;

  client.onEvent((envelope) => {
    if (held) held.push(envelope);
    else apply(envelope);
  });
  client.onGap((gap) => void reload(gap));
  client.onControl(({ type, data }) => {
    if (type === "stream.error") onError(data?.message ?? "The server reported an error.");
  });

  /** @param {Envelope} envelope */
  function apply(envelope) {
    const change = store.apply(envelope);
    if (!change) return;
    onChange(change);
    if (change.kind === "ended") void verify(change);
  }

  /** @param {Extract<Change, { kind: "ended" }>} change */
  async function verify({ item, length, sha256 }) {
    if (await isIntact(item.text, { length, sha256 }, subtle)) return;
    try {
      const page = await history.before(item.seq + 1);
      const correct = page.items.find((other) => other.kind === "generation" && other.generation === item.generation);
      const change = correct?.kind === "generation" ? store.correct(correct) : null;
      if (change) onChange(change);
    } catch {
      onError("An answer may be incomplete, and could not be read again. Reload the page to see it whole.");
    }
  }

  /** @param {{ lost: number | null, reason: string }} gap */
  async function reload(gap) {
    if (held) return;
    held = [];
    try {
      store.replace(await history.newest());
    } catch {
      held = null;
      clock.setTimeout(() => reload(gap), backoff.next());
      return;
    }
    backoff.reset();
    const waiting = /** @type {Envelope[]} */ (held);
    held = null;
    client.resumeFrom(store.position);
    onReload(gap);
    if (waiting.length > MAX_HELD) return void reload(gap);
    for (const envelope of waiting) apply(envelope);
  }

  return {
    /** Read the page before the oldest item. @returns {Promise<number>} how many items it brought */
    async loadOlder() {
      if (!store.older || store.oldest === null) return 0;
      return store.prepend(await history.before(store.oldest)).length;
    },
    reload,
  };
}
