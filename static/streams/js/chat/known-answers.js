// @ts-check
// The answers that a room's store knows: which are open, which come first, which version is shown. No DOM.

import { seqOf } from "../position.js";
import { readGeneration } from "./items.js";
import { countBefore, isOpen, learnVersion, placeOf, showVersion } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("../connection.js").Envelope} Envelope */

/** @param {GenerationItem} one @param {GenerationItem} other */
function byStart(one, other) {
  const [first, second] = [one, other].map(({ timing }) => timing.started ?? timing.asked ?? "");
  return first < second ? -1 : first > second ? 1 : 0;
}

/**
 * @param {import("./versions.js").Known} known
 * @param {(envelope: Envelope) => unknown} perform  what an event does
 */
export function createKnownAnswers(known, perform) {
  return {
    /** @param {string} generation */
    get: (generation) => known.get(generation),
    /** What is shown of the answers to a message. @param {number} message */
    to: (message) => placeOf(known, message),
    /** Those that have not ended. @returns {GenerationItem[]} */
    open: () => [...known.values()].filter(isOpen),
    /** The one that was begun last. @returns {GenerationItem | undefined} */
    latest: () => [...known.values()].filter(({ status }) => status !== "queued").sort(byStart).at(-1),
    /** How many come before a queued one. @param {GenerationItem} item */
    before: (item) => countBefore(known, item),
    /** Show another version at its place. @param {string} generation @returns {import("./room-store.js").AnswerChange | null} null: it must be read first */
    show(generation) {
      const item = showVersion(known, generation);
      return item && { kind: "version", item };
    },
    /**
     * Take an answer that was read from the server, and what came while it was read.
     * @param {any} read
     * @param {Envelope[]} since
     * @returns {import("./room-store.js").AnswerChange | null} null where it is not loaded
     */
    learn(read, since) {
      const learnt = learnVersion(known, readGeneration(read, { seq: Number(read.seq) || 0, time: String(read.time ?? "") }));
      if (!learnt) return null;
      const { item } = learnt;
      const wasOpen = isOpen(item);
      item.as_of = seqOf(read.position) ?? 0;
      for (const envelope of since) perform(envelope);
      const ended = learnt.ended || (wasOpen && !isOpen(item));
      return ended ? { kind: "ended", item, sound: true } : { kind: "read", item };
    },
  };
}
