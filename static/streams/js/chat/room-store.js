// @ts-check
// A room as one tab knows it: old state + event = new state. No DOM, no network.

import { isAfter, seqOf } from "../position.js";
import { generationRules } from "./generation-rules.js";
import { readItems } from "./items.js";
import { messageRules } from "./message-rules.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("../connection.js").Envelope} Envelope */

/**
 * What an event did. `delta`: text was appended; `state`: anything else of an answer changed; `ended` also says
 * what its full text must be.
 * @typedef {{ kind: "added", item: Item }
 *   | { kind: "delta", item: GenerationItem, text: string }
 *   | { kind: "state", item: GenerationItem }
 *   | { kind: "ended", item: GenerationItem, length?: number, sha256?: string }} Change
 */

/**
 * What the rules may do to the state. `change` gives an answer new values; null where it is not loaded.
 * @typedef {object} Core
 * @property {(item: Item) => Change} add
 * @property {(generation: string, values: Partial<GenerationItem>) => { kind: "state", item: GenerationItem } | null} change
 * @property {Map<string, GenerationItem>} generations
 */

/** By type of event. @typedef {Record<string, (envelope: Envelope, seq: number) => Change | null>} Rules */

/** @param {Page} page */
export function createRoomStore(page) {
  /** @type {Item[]} */
  let items = [];
  /** @type {Map<string, GenerationItem>} */
  const generations = new Map();
  let position = "";
  let older = false;
  /** @type {number | null} */
  let oldest = null;

  /** @param {Item[]} list */
  const index = (list) => {
    for (const item of list) if (item.kind === "generation") generations.set(item.generation, item);
  };

  /** @param {Page} next the newest page: everything known before is dropped */
  function replace(next) {
    items = readItems(next.items);
    generations.clear();
    index(items);
    ({ position, older, oldest } = next);
  }

  /** @param {Page} previous  @returns {Item[]} the items that were not known yet, oldest first */
  function prepend(previous) {
    const first = items.length ? items[0].seq : Infinity;
    const fresh = readItems(previous.items).filter((item) => item.seq < first);
    items = [...fresh, ...items];
    index(fresh);
    older = previous.older && previous.oldest !== oldest;
    oldest = previous.oldest ?? oldest;
    return fresh;
  }

  /** @param {Item} item @returns {Change} */
  function add(item) {
    items.push(item);
    index([item]);
    return { kind: "added", item };
  }

  /** @param {string} generation @param {Partial<GenerationItem>} values */
  function change(generation, values) {
    const item = generations.get(generation);
    return item ? { kind: /** @type {const} */ ("state"), item: Object.assign(item, values) } : null;
  }

  /** @type {Rules} */
  const rules = { ...messageRules({ add, change, generations }), ...generationRules({ add, change, generations }) };

  replace(page);
  return {
    get items() { return items; },
    get position() { return position; },
    get older() { return older; },
    get oldest() { return oldest; },
    replace,
    prepend,
    /**
     * Apply one event. Seen ones, unknown types and answers that are not loaded change nothing.
     * @param {Envelope} envelope
     * @returns {Change | null}
     */
    apply(envelope) {
      if (!envelope.id || !isAfter(envelope.id, position)) return null;
      position = envelope.id;
      const rule = Object.hasOwn(rules, envelope.type) ? rules[envelope.type] : null;
      return rule ? rule(envelope, seqOf(envelope.id) ?? 0) : null;
    },
    /** Take a corrected answer from a page that was read again. @param {GenerationItem} correct */
    correct(correct) {
      const [whole] = readItems([correct]);
      return whole.kind === "generation" ? change(whole.generation, whole) : null;
    },
    /** Forget all but the newest `count` items; they can be read again. @param {number} count @returns {Item[]} the forgotten */
    forget(count) {
      const gone = items.splice(0, Math.max(0, items.length - count));
      for (const item of gone) if (item.kind === "generation") generations.delete(item.generation);
      if (gone.length) [older, oldest] = [true, items[0]?.seq ?? oldest];
      return gone;
    },
  };
}
