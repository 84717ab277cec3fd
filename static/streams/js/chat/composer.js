// @ts-check
// The box one writes in.

import { iconButton } from "./icons.js";
import { readJson, writeJson } from "../storage.js";
import { el } from "../dom.js";
import { countCharacters } from "./integrity.js";
import { quoteOf } from "./message-words.js";

/**
 * What the counter says; null while there is room enough.
 * @param {number} length  characters
 * @param {number} limit
 * @returns {{ text: string, over: boolean } | null}
 */
export function counterFor(length, limit) {
  const left = limit - length;
  if (left < 0) return { text: `${-left} too many`, over: true };
  return length > limit * 0.8 ? { text: `${left} left`, over: false } : null;
}

/**
 * `text` with `mention` in it: as it is when it is there already, else at the front.
 * @param {string} text
 * @param {string} mention  such as "@claude"
 */
export function withMention(text, mention) {
  const present = new RegExp(`(^|[^\\w@])${mention}\\b`, "i").test(text);
  return present ? text : `${mention} ${text.trimStart()}`;
}

/**
 * @param {object} parts
 * @param {HTMLFormElement} parts.form
 * @param {HTMLTextAreaElement} parts.area
 * @param {HTMLElement} parts.counter
 * @param {HTMLButtonElement} parts.send
 * @param {HTMLButtonElement} parts.mention
 * @param {HTMLElement} parts.replying  shows what is answered
 * @param {object} options
 * @param {number} options.limit  characters
 * @param {Storage | null} options.storage  keeps the draft, also when the tab is closed
 * @param {string} options.key
 * @param {() => boolean} options.ready  whether what goes with it can be sent; tells why not
 * @param {() => boolean} options.carries  whether anything goes with it, which then needs no words
 * @param {(text: string, more: { reply_to?: number }) => void} options.onSend
 * @param {() => void} options.onWrite
 * @param {() => void} options.onEditLast  ArrowUp in the empty box
 */
export function createComposer({ form, area, counter, send, mention, replying }, { limit, storage, key, ready, carries, onSend, onWrite, onEditLast }) {
  /** @type {import("./types.js").Item | null} */
  let answered = null;

  function refresh() {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
    const told = counterFor(countCharacters(area.value), limit);
    counter.textContent = told?.text ?? "";
    counter.classList.toggle("over", Boolean(told?.over));
    area.setAttribute("aria-invalid", String(Boolean(told?.over)));
    send.disabled = area.disabled || !(area.value.trim() || carries()) || Boolean(told?.over);
    writeJson(storage, key, area.value || null);
  }

  /** @param {string} text @param {number} [caret] */
  function set(text, caret = text.length) {
    area.value = text;
    refresh();
    area.focus();
    area.setSelectionRange(caret, caret);
  }

  /** @param {import("./types.js").Item | null} item */
  function reply(item) {
    answered = item;
    replying.hidden = !item;
    replying.replaceChildren();
    if (!item) return;
    const { who, text } = quoteOf(item);
    const line = el("span", "quote-text", text);
    line.dir = "auto";
    const close = iconButton("close", "Do not answer this one", () => {
      reply(null);
      area.focus();
    });
    replying.append(el("span", "replying-to", "Answering ", el("strong", "", who)), line, close);
    area.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (send.disabled || !ready()) return;
    const more = answered ? { reply_to: answered.seq } : {};
    reply(null);
    set("");
    onSend(text, more);
  });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) form.requestSubmit();
    else if (event.key === "ArrowUp" && !area.value) onEditLast();
    else if (event.key === "Escape" && answered) reply(null);
    else return;
    event.preventDefault();
  });
  area.addEventListener("input", () => {
    refresh();
    if (area.value.trim()) onWrite();
  });
  mention.addEventListener("click", () => set(withMention(area.value, "@claude")));

  area.value = readJson(storage, key, "");
  refresh();
  return {
    set,
    reply,
    refresh,
    /** Nothing can be sent from here any more. @param {string} why */
    disable(why) {
      area.disabled = send.disabled = mention.disabled = true;
      area.placeholder = why;
    },
    get disabled() { return area.disabled; },
  };
}
