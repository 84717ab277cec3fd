// @ts-check
// A room as one tab knows it: old state + event = new state. No DOM, no network.
//
// What is loaded is one stretch of the room, up to its end or, while a person reads far above, not so far (`newer`).
// Its pages were read at different moments; so each item knows the event up to which it was read (`as_of`), and an
// event changes only what was read before it.

import { isAfter, seqOf } from "../position.js";
import { generationRules } from "./generation-rules.js";
import { readItems } from "./items.js";
import { createKnownAnswers } from "./known-answers.js";
import { messageRules } from "./message-rules.js";
import { forgetVersions } from "./versions.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("../connection.js").Envelope} Envelope */

/**
 * What an event did to an answer. `delta`, `thinking`: text was appended; `block`: HTML now shows the first `units`
 * UTF-16 units of the tail; `ended` also says what its full text must be, and whether the blocks add up (`sound`);
 * `broken`: they do not; `version`: another one is shown at its place; `elsewhere`: another one of an answer that is
 * not loaded began; `wanted`: one that is not known is to be shown; `read`: it was read from the server; `state`:
 * anything else changed.
 * @typedef {{ kind: "delta" | "thinking", item: GenerationItem, text: string }
 *   | { kind: "block", item: GenerationItem, html: string, units: number }
 *   | { kind: "state" | "version" | "elsewhere" | "broken" | "read", item: GenerationItem }
 *   | { kind: "wanted", item: GenerationItem, generation: string }
 *   | { kind: "ended", item: GenerationItem, length?: number, sha256?: string, sound: boolean }} AnswerChange
 */

/**
 * What an event did. `beyond`: it belongs behind what is loaded; `message`: a message changed; `room`, `member`: the
 * event's data.
 * @typedef {AnswerChange
 *   | { kind: "added" | "beyond", item: Item }
 *   | { kind: "message", item: MessageItem }
 *   | { kind: "room" | "member", data: any }} Change
 */

/**
 * What the rules may do to the state.
 * @typedef {object} Core
 * @property {(item: Item) => Change} add
 * @property {Map<string, GenerationItem>} generations
 * @property {Map<number, MessageItem>} messages
 */

/** By type of event. @typedef {Record<string, (envelope: Envelope, seq: number) => Change | null>} Rules */

/** @param {Page} page */
export function createRoomStore(page) {
  /** @type {Item[]} */
  let items = [];
  /** @type {Map<string, GenerationItem>} */
  const generations = new Map();
  /** @type {Map<number, MessageItem>} */
  const messages = new Map();
  let [position, older, newer] = ["", false, false];
  /** @type {number | null} */
  let oldest = null;

  /** @param {Page} from @returns {Item[]} its items as they are kept */
  const read = (from) => readItems(from.items).map((item) => Object.assign(item, { as_of: seqOf(from.position) ?? 0 }));

  /** @param {Item[]} list */
  function index(list) {
    for (const item of list) item.kind === "generation" ? generations.set(item.generation, item) : messages.set(item.seq, item);
  }

  /** @param {Item[]} gone @returns {Item[]} */
  function drop(gone) {
    for (const item of gone) item.kind === "generation" ? forgetVersions(generations, item) : messages.delete(item.seq);
    return gone;
  }

  /** @param {Page} next  everything known before is dropped */
  function replace(next) {
    drop(items);
    index((items = read(next)));
    ({ position, older, oldest, newer = false } = next);
  }

  /** @param {Item} item @returns {Change} */
  function add(item) {
    if (newer) return { kind: "beyond", item };
    items.push(item);
    index([item]);
    return { kind: "added", item };
  }

  const core = { add, generations, messages };
  /** @type {Rules} */
  const rules = { ...messageRules(core), ...generationRules(core) };

  /** @param {Envelope} envelope @returns {Change | null} */
  function perform(envelope) {
    const seq = seqOf(envelope.id) ?? 0;
    const { generation, message } = envelope.data ?? {};
    const touched = envelope.type.startsWith("generation.") ? generations.get(generation) : messages.get(Number(message ?? seq));
    if ((touched?.as_of ?? -1) >= seq || !Object.hasOwn(rules, envelope.type)) return null;
    const done = rules[envelope.type](envelope, seq);
    if (done && "item" in done) done.item.as_of = seq;
    return done;
  }

  replace(page);
  return {
    get items() { return items; },
    get position() { return position; },
    get older() { return older; },
    get newer() { return newer; },
    get oldest() { return oldest; },
    replace,
    /** @param {Page} previous @param {Envelope[]} [since]  what came while it was read @returns {Item[]} the new ones */
    prepend(previous, since = []) {
      const first = items.length ? items[0].seq : Infinity;
      const fresh = read(previous).filter((item) => item.seq < first);
      items = [...fresh, ...items];
      index(fresh);
      older = previous.older && previous.oldest !== oldest;
      oldest = previous.oldest ?? oldest;
      since.forEach(perform);
      return fresh;
    },
    /** @param {Page} next  what follows @param {Envelope[]} [since] @returns {Item[]} the new ones */
    extend(next, since = []) {
      const [count, last] = [items.length, items[items.length - 1]?.seq ?? 0];
      const fresh = read(next).filter((item) => item.seq > last);
      items.push(...fresh);
      index(fresh);
      newer = Boolean(next.newer) && fresh.length > 0;
      since.forEach(perform);
      return items.slice(count);
    },
    /**
     * Apply one event. Seen ones, unknown types, other topics and what is not loaded change nothing.
     * @param {Envelope} envelope
     * @returns {Change | null}
     */
    apply(envelope) {
      if (!envelope.id || (envelope.topic && envelope.topic !== page.topic) || !isAfter(envelope.id, position)) return null;
      position = envelope.id;
      return perform(envelope);
    },
    answers: createKnownAnswers(generations, perform),
    /** @param {number} seq @returns {Item | undefined} */
    at: (seq) => messages.get(seq) ?? items.find((item) => item.seq === seq),
    /** Forget all but the newest `count` items; they can be read again. @param {number} count @returns {Item[]} the forgotten */
    forget(count) {
      const gone = items.splice(0, Math.max(0, items.length - count));
      if (gone.length) [older, oldest] = [true, items[0]?.seq ?? oldest];
      return drop(gone);
    },
    /** Forget all but the oldest `count` items. @param {number} count @returns {Item[]} the forgotten */
    forgetNewest(count) {
      const gone = items.splice(count);
      newer ||= gone.length > 0;
      return drop(gone);
    },
  };
}
