// @ts-check
// The log on the page: one element per item, changed only where something changed.

import { el } from "../dom.js";
import { generationView } from "./generation-view.js";
import { place } from "./grouping.js";
import { messageView } from "./message-view.js";
import { pendingView } from "./pending-view.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").PendingMessage} PendingMessage */
/** @typedef {import("./generation-view.js").GenerationView} GenerationView */
/** @typedef {import("./message-view.js").MessageView} MessageView */

/**
 * @param {HTMLElement} root  holds the items, then what is pending
 * @param {object} options
 * @param {import("./message-view.js").MessageContext} options.context
 * @param {{ now(): number }} options.clock
 * @param {import("./generation-view.js").AnswerContext} options.answerContext
 * @param {import("./pending-view.js").PendingActions} options.pendingActions
 */
export function createLogView(root, { context, clock, answerContext, pendingActions }) {
  /** @type {Map<Item, HTMLElement>} */
  const elements = new Map();
  /** @type {Map<Item, MessageView>} */
  const messages = new Map();
  /** @type {Map<Item, GenerationView>} */
  const answers = new Map();
  /** @type {Map<string, ReturnType<typeof pendingView>>} */
  const pending = new Map();
  const settled = el("div", "entries-settled");
  const waiting = el("div", "entries-pending");
  const divider = el("div", "unread-line", el("span", "", "New since you were here"));
  let readTo = Infinity;
  root.replaceChildren(settled, waiting);

  /** @param {Item} item */
  function create(item) {
    const view = item.kind === "message" ? messageView(item, context) : generationView(item, answerContext);
    if (item.kind === "message") messages.set(item, view);
    else answers.set(item, /** @type {GenerationView} */ (view));
    view.element.id = `m${item.seq}`;
    view.element.tabIndex = -1;
    return view.element;
  }

  /** Put an item under the one before it. @param {Item | undefined} previous @param {Item} item */
  function settle(previous, item) {
    const element = elements.get(item);
    if (!element) return;
    const { day, continued } = place(previous, item, clock.now());
    const first = item.seq > readTo && previous !== undefined && previous.seq <= readTo;
    element.classList.toggle("continued", continued && !first && !(item.kind === "message" && item.reply_to));
    clearAbove(element);
    if (first) element.before(divider);
    if (day) element.before(el("div", "day", el("span", "", day)));
  }

  /** @param {Element} element */
  function clearAbove(element) {
    for (let above = element.previousElementSibling; above && !above.classList.contains("entry"); above = element.previousElementSibling) above.remove();
  }

  /** @param {Item[]} items @param {number} from @param {number} to */
  function fill(items, from, to) {
    const before = from === 0 ? settled.firstChild : null;
    for (const item of items.slice(from, to)) {
      const element = create(item);
      elements.set(item, element);
      settled.insertBefore(element, before);
    }
    for (let at = from; at <= to && at < items.length; at += 1) settle(items[at - 1], items[at]);
  }

  return {
    /** @param {Item[]} items all there are; everything shown before goes */
    replace(items) {
      for (const map of [elements, messages, answers]) map.clear();
      settled.replaceChildren();
      fill(items, 0, items.length);
    },
    /** All there are, the first `count` of them new. */
    prepend: (/** @type {Item[]} */ items, /** @type {number} */ count) => fill(items, 0, count),
    /** All there are, the last `count` of them new. */
    append: (/** @type {Item[]} */ items, count = 1) => fill(items, items.length - count, items.length),
    /** @param {Item[]} gone */
    remove(gone) {
      for (const item of gone) {
        const element = elements.get(item);
        if (element) clearAbove(element);
        element?.remove();
        for (const map of [elements, messages, answers]) map.delete(item);
      }
    },
    /** Draw the line under what was read. @param {number} seq @param {Item[]} items all there are */
    divide(seq, items) {
      readTo = seq;
      divider.remove();
      const at = items.findIndex((item) => item.seq > seq);
      if (at > 0) settle(items[at - 1], items[at]);
      return divider.isConnected ? divider : null;
    },
    /** @param {Item} item @returns {GenerationView | undefined} */
    answer: (item) => answers.get(item),
    /** A message is something else now; so is what those show that answer it. @param {Item} item */
    changed(item) {
      messages.get(item)?.update();
      for (const [other, view] of messages) if (other.kind === "message" && other.reply_to === item.seq) view.update();
    },
    /** @param {Item} item */
    element: (item) => elements.get(item),
    tick() {
      for (const view of answers.values()) view.tick();
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
        const me = context.viewer();
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
