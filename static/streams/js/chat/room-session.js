// @ts-check
// A room that stays true: events in order, and whatever the stream says is missing, or does not add up, read again.
// No DOM.

import { createBackoff } from "../backoff.js";
import { createHealer } from "./healing.js";

/** @typedef {import("../connection.js").Envelope} Envelope */
/** @typedef {import("./room-store.js").Change} Change */

const MAX_HELD = 5_000; // events kept while the history is read; beyond, it is read once more

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("../websocket-stream.js").createWebSocketStream>} options.client
 * @param {ReturnType<typeof import("./history.js").createHistory>} options.history
 * @param {(generation: string) => Promise<any>} options.readAnswer
 * @param {import("../connection.js").Clock} options.clock
 * @param {import("../wake.js").Wakes} options.wakes
 * @param {() => number} options.random
 * @param {SubtleCrypto | undefined} options.subtle
 * @param {(change: Change) => void} options.onChange
 * @param {(gap: { lost: number | null, reason: string }) => void} options.onReload  everything was read anew
 * @param {(message: string) => void} options.onError
 */
export function createRoomSession({ store, client, history, readAnswer, clock, wakes, random, subtle, onChange, onReload, onError }) {
  const backoff = createBackoff({ random, min_ms: 1_000 });
  const healer = createHealer({ store, readAnswer, clock, subtle, onChange, onError });
  /** @type {Envelope[] | null} events that wait until the history is read; null when nothing is being read */
  let held = null;

  client.onEvent((envelope) => {
    if (held) held.push(envelope);
    else apply(envelope);
  });
  client.onGap((gap) => void reload(gap));
  let wasLive = false;
  client.onState(({ name }) => {
    if (name === "live" && wasLive) healer.checkAll();
    wasLive ||= name === "live";
  });
  wakes(() => healer.checkAll());
  client.onControl(({ type, data }) => {
    if (type === "stream.error") onError(data?.message ?? "The server reported an error.");
  });

  /** @param {Envelope} envelope */
  function apply(envelope) {
    const change = store.apply(envelope);
    healer.heard(envelope);
    if (!change) return;
    if (change.kind !== "wanted") onChange(change);
    healer.after(change);
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
    reload,
    /** Show another version of an answer, which may have to be read first. @type {(generation: string) => Promise<void>} */
    show: healer.show,
    /** Look at the answers that are open for too long without news. */
    tick: healer.tick,
  };
}
