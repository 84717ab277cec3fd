// @ts-check
// Answers that stay true: one that does not add up, whose end may have been lost, or that is not loaded is read from
// the server, with what comes meanwhile. No DOM.

import { isIntact } from "./integrity.js";

/** @typedef {import("../connection.js").Envelope} Envelope */
/** @typedef {import("./room-store.js").Change} Change */

const SILENT_MS = 30_000; // an open answer without news for so long is looked up

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {(generation: string) => Promise<any>} options.readAnswer
 * @param {{ now(): number }} options.clock
 * @param {SubtleCrypto | undefined} options.subtle
 * @param {(change: Change) => void} options.onChange
 * @param {(message: string) => void} options.onError
 */
export function createHealer({ store, readAnswer, clock, subtle, onChange, onError }) {
  /** @type {Map<string, { since: Envelope[], always: boolean, done: Promise<void> }>} answers that are being read */
  const reading = new Map();
  /** @type {Map<string, number>} when there was news of an open answer */
  const news = new Map();

  /**
   * Read an answer; with `always` off it is taken only where the server knows more of its state.
   * @param {string} generation
   * @param {{ always: boolean }} how
   * @returns {Promise<void>} rejects where the server refuses
   */
  function read(generation, { always }) {
    const known = reading.get(generation);
    if (known) {
      known.always ||= always;
      return known.done;
    }
    const entry = { since: /** @type {Envelope[]} */ ([]), always, done: Promise.resolve() };
    reading.set(generation, entry);
    entry.done = take(generation, entry).finally(() => reading.delete(generation));
    return entry.done;
  }

  /** @param {string} generation @param {{ since: Envelope[], always: boolean }} entry */
  async function take(generation, entry) {
    const item = await readAnswer(generation);
    if (!entry.always && item.status === store.answers.get(generation)?.status) return;
    const change = store.answers.learn(item, entry.since);
    if (change) onChange(change);
    if (change?.item.broken) throw new Error("the blocks do not add up");
  }

  /** @param {string} generation */
  async function heal(generation) {
    try {
      await read(generation, { always: true });
    } catch {
      onError("An answer may be incomplete, and could not be read again. Reload the page to see it whole.");
    }
  }

  /** Look whether an open answer has ended without our hearing of it; a failure is no news, and it is looked at again. @param {string} generation */
  async function look(generation) {
    news.set(generation, clock.now());
    await read(generation, { always: false }).catch(() => {});
  }

  /** @param {Extract<Change, { kind: "ended" }>} change */
  async function verify({ item, length, sha256, sound }) {
    news.delete(item.generation);
    const { generation, text } = item;
    if (sound && (await isIntact(text, { length, sha256 }, subtle))) return;
    await heal(generation);
  }

  /** @param {string} generation */
  async function show(generation) {
    if (!store.answers.get(generation)) await read(generation, { always: true });
    const change = store.answers.show(generation);
    if (change) onChange(change);
  }

  return {
    show,
    /** @param {Envelope} envelope */
    heard(envelope) {
      const { generation } = envelope.data ?? {};
      reading.get(generation)?.since.push(envelope);
      if (news.has(generation)) news.set(generation, clock.now());
    },
    /** @param {Change} change */
    after(change) {
      if (change.kind === "ended") void verify(change);
      else if (change.kind === "broken") void heal(change.item.generation);
      else if (change.kind === "wanted") void show(change.generation).catch(() => {});
    },
    /** Something may have been missed: look at every open answer. */
    checkAll() {
      for (const { generation } of store.answers.open()) void look(generation);
    },
    /** Time has passed. */
    tick() {
      const now_ms = clock.now();
      for (const { generation } of store.answers.open()) {
        const at_ms = news.get(generation) ?? news.set(generation, now_ms).get(generation) ?? now_ms;
        if (now_ms - at_ms >= SILENT_MS) void look(generation);
      }
    },
  };
}
