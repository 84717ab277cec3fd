// @ts-check
// One thing a person said, in the log or still on its way there.

import { button, el } from "../dom.js";
import { formatClock, formatFull } from "../times.js";
import { personAvatar } from "./avatar.js";
import { asSentence } from "./generation-words.js";
import { toNodes, tokenize } from "./rich-text.js";

/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").PendingMessage} PendingMessage */
/** @typedef {import("./types.js").Person} Person */

/** @param {string} iso */
export function timeElement(iso) {
  const date = new Date(iso);
  const element = el("time", "time");
  if (Number.isNaN(date.getTime())) return element;
  element.dateTime = iso;
  element.textContent = formatClock(date);
  element.title = formatFull(date);
  return element;
}

/**
 * @param {Person} author
 * @param {string} iso
 * @param {string} text
 * @param {{ mine: boolean }} look
 */
function createShell(author, iso, text, { mine }) {
  const name = el("span", "author", author.name);
  const head = el("header", "entry-head", name, mine && el("span", "badge", "you"), timeElement(iso));
  const body = el("div", "said");
  body.append(toNodes(tokenize(text)));
  const article = el("article", mine ? "entry message mine" : "entry message", personAvatar(author), head, body);
  article.setAttribute("aria-label", `${author.name}, ${formatClock(new Date(iso))}`);
  return article;
}

/**
 * @param {MessageItem} item
 * @param {{ mine: boolean }} look
 */
export function messageView(item, look) {
  const element = createShell(item.author, item.time, item.text, look);
  element.dataset.seq = String(item.seq);
  return element;
}

/**
 * @typedef {object} PendingActions
 * @property {(client_id: string) => void} retry
 * @property {(client_id: string) => void} edit     put the text back into the composer
 * @property {(client_id: string) => void} discard
 */

/**
 * @param {PendingMessage} entry
 * @param {Person} viewer
 * @param {PendingActions} actions
 */
export function pendingView(entry, viewer, actions) {
  const element = createShell(viewer, entry.time, entry.text, { mine: true });
  element.classList.add("pending");
  const note = el("p", "delivery");
  element.append(note);
  /** @param {PendingMessage} now */
  const update = (now) => {
    element.dataset.status = now.status;
    note.replaceChildren();
    if (now.status === "unsent") note.append(now.error ? `Will be sent soon. ${asSentence(now.error.message)}` : "Will be sent when the connection is back.");
    else if (now.status === "failed") {
      const { client_id, error } = now;
      note.append(el("span", "", `Not sent. ${asSentence(error?.message ?? "The server refused it")}`));
      if (error?.retryable !== false) note.append(button("Try again", "link-button", () => actions.retry(client_id)));
      note.append(button("Edit", "link-button", () => actions.edit(client_id)));
      note.append(button("Discard", "link-button", () => actions.discard(client_id)));
    } else note.append(el("span", "sending", "Sending…"));
  };
  update(entry);
  return { element, update };
}
