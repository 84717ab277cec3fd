// @ts-check
// One thing a person said, as it stands by now.

import { button, el } from "../dom.js";
import { formatClock, formatFull } from "../times.js";
import { urlOf } from "./attachment-rules.js";
import { personAvatar } from "./avatar.js";
import { isOnlyEmoji, nameList, quoteOf, sizeOf } from "./message-words.js";
import { toNodes, tokenize } from "./rich-text.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").Person} Person */

/**
 * What a message needs to know of the room it is in, and whom to tell of a click.
 * @typedef {object} MessageContext
 * @property {() => Person | null} viewer
 * @property {(seq: number) => Item | undefined} at
 * @property {(seq: number) => void} goTo
 * @property {(item: MessageItem, emoji: string, on: boolean) => void} react
 */

/** @typedef {{ element: HTMLElement, update: () => void }} MessageView */

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
 * The frame that sent and unsent messages have alike.
 * @param {Person} author
 * @param {string} iso
 * @param {boolean} mine
 */
export function createShell(author, iso, mine) {
  const name = el("span", "author", author.name);
  name.dir = "auto";
  const head = el("header", "entry-head", name, mine && el("span", "badge", "you"), timeElement(iso));
  const said = el("div", "said");
  said.dir = "auto";
  const article = el("article", mine ? "entry message mine" : "entry message", personAvatar(author), head, said);
  article.setAttribute("aria-label", `${author.name}, ${formatClock(new Date(iso))}`);
  return { article, head, said };
}

/**
 * @param {MessageItem} item  read again on each update, never changed
 * @param {MessageContext} context
 * @returns {MessageView}
 */
export function messageView(item, context) {
  const me = context.viewer()?.id;
  const { article, head, said } = createShell(item.author, item.time, item.author.id === me);
  article.dataset.seq = String(item.seq);
  article.id = `m${item.seq}`;
  article.tabIndex = -1;

  function update() {
    const { text, mentions, deleted } = item;
    article.classList.toggle("deleted", deleted);
    article.classList.toggle("to-me", mentions.some(({ id }) => id === me));
    said.hidden = !deleted && !text;
    said.classList.toggle("large", isOnlyEmoji(text));
    said.replaceChildren(deleted ? "This message was deleted." : toNodes(tokenize(text, mentions), me));
    for (const extra of article.querySelectorAll(".quote, .attached, .reactions, .edited")) extra.remove();
    if (item.edited && !deleted) head.append(editedMark(item.edited));
    if (item.reply_to) said.before(quote(item.reply_to, context));
    if (item.files.length) said.after(attached(item));
    if (item.reactions.length) article.append(reactions(item, context));
  }

  update();
  return { element: article, update };
}

/** @param {string} iso */
function editedMark(iso) {
  const mark = el("span", "edited", "edited");
  const date = new Date(iso);
  if (!Number.isNaN(date.getTime())) mark.title = `Edited ${formatFull(date)}`;
  return mark;
}

/** @param {number} seq @param {MessageContext} context */
function quote(seq, context) {
  const { who, text } = quoteOf(context.at(seq));
  const line = el("span", "quote-text", text);
  line.dir = "auto";
  const link = el("a", "quote", who && el("span", "quote-who", who), line);
  link.href = `#m${seq}`;
  link.title = "Go to what this answers";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    context.goTo(seq);
  });
  return link;
}

/** @param {MessageItem} item */
function attached({ files }) {
  const list = el("ul", "attached");
  for (const { name, size } of files) {
    const link = el("a", "file-chip", el("span", "file-name", name), el("span", "file-size", sizeOf(size)));
    link.href = urlOf(name);
    list.append(el("li", "", link));
  }
  return list;
}

/** @param {MessageItem} item @param {MessageContext} context */
function reactions(item, context) {
  const me = context.viewer()?.id;
  const list = el("ul", "reactions");
  list.setAttribute("aria-label", "Reactions");
  for (const { emoji, people } of item.reactions) {
    const on = people.some(({ id }) => id === me);
    const chip = button("", "reaction", () => context.react(item, emoji, !on));
    chip.append(el("span", "reaction-emoji", emoji), el("span", "reaction-count", String(people.length)));
    chip.setAttribute("aria-pressed", String(on));
    chip.title = nameList(people, me);
    chip.setAttribute("aria-label", `${emoji}, ${people.length}: ${nameList(people, me)}`);
    chip.disabled = !me;
    list.append(el("li", "", chip));
  }
  return list;
}
