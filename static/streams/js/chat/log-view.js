// @ts-check
// The log on the page: one element per item, changed only where something changed.

import { el } from "../dom.js";
import { generationView } from "./generation-view.js";
import { place } from "./grouping.js";
import { messageView, pendingView } from "./message-view.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Person} Person */
/** @typedef {import("./types.js").PendingMessage} PendingMessage */
/** @typedef {import("./generation-view.js").GenerationView} GenerationView */

/**
 * @param {HTMLElement} root  holds the items, then what is pending
 * @param {object} options
 * @param {() => Person | null} options.viewer
 * @param {{ now(): number }} options.clock
 * @param {(generation: string) => Promise<void>} options.retryGeneration
 * @param {import("./message-view.js").PendingActions} options.pendingActions
 */
export function createLogView(root, { viewer, clock, retryGeneration, pendingActions }) {
  /** @type {Map<Item, HTMLElement>} */
  const elements = new Map();
  /** @type {Map<Item, GenerationView>} */
  const answers = new Map();
  /** @type {Map<string, ReturnType<typeof pendingView>>} */
  const pending = new Map();
  const settled = el("div", "entries-settled");
  const waiting = el("div", "entries-pending");
  root.replaceChildren(settled, waiting);

  /** @param {Item} item */
  function create(item) {
    if (item.kind === "message") return messageView(item, { mine: item.author.id === viewer()?.id });
    const view = generationView(item, clock, retryGeneration);
    answers.set(item, view);
    return view.element;
  }

  /** Put an item under the one before it. @param {Item | undefined} previous @param {Item} item */
  function settle(previous, item) {
    const { day, continued } = place(previous, item, clock.now());
    const element = elements.get(item);
    if (!element) return;
    element.classList.toggle("continued", continued);
    const above = element.previousElementSibling;
    if (above?.classList.contains("day")) above.remove();
    if (!day) return;
    const divider = el("div", "day", el("span", "", day));
    element.before(divider);
  }

  /** @param {Item[]} items @param {number} from @param {number} to */
  function fill(items, from, to) {
    const before = settled.firstChild;
    for (const item of items.slice(from, to)) {
      const element = create(item);
      elements.set(item, element);
      if (from === 0) settled.insertBefore(element, before);
      else settled.append(element);
    }
    for (let at = from; at <= to && at < items.length; at += 1) settle(items[at - 1], items[at]);
  }

  return {
    /** @param {Item[]} items all there are; everything shown before goes */
    replace(items) {
      elements.clear();
      answers.clear();
      settled.replaceChildren();
      fill(items, 0, items.length);
    },
    /** All there are, the first `count` of them new. */
    prepend: (/** @type {Item[]} */ items, /** @type {number} */ count) => fill(items, 0, count),
    /** @param {Item[]} items all there are, the last one new */
    append: (items) => fill(items, items.length - 1, items.length),
    /** @param {Item[]} gone */
    remove(gone) {
      for (const item of gone) {
        const element = elements.get(item);
        if (element?.previousElementSibling?.classList.contains("day")) element.previousElementSibling.remove();
        element?.remove();
        elements.delete(item);
        answers.delete(item);
      }
    },
    /** @param {Item} item @returns {GenerationView | undefined} */
    answer: (item) => answers.get(item),
    tick(/** @type {number} */ now_ms) {
      for (const view of answers.values()) view.tick(now_ms);
    },
    /** @param {PendingMessage | null} entry @param {string} client_id */
    setPending(entry, client_id) {
      const view = pending.get(client_id);
      if (!entry) {
        view?.element.remove();
        waiting.firstElementChild?.classList.remove("continued");
        pending.delete(client_id);
      } else if (view) view.update(entry);
      else {
        const me = viewer();
        if (!me) return;
        const fresh = pendingView(entry, me, pendingActions);
        pending.set(client_id, fresh);
        fresh.element.classList.toggle("continued", Boolean(waiting.firstElementChild));
        waiting.append(fresh.element);
      }
    },
    get isEmpty() {
      return elements.size === 0 && pending.size === 0;
    },
  };
}
