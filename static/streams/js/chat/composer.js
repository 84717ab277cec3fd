// @ts-check
// The box one writes in.

import { readJson, writeJson } from "../storage.js";
import { countCharacters } from "./integrity.js";

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
 * @param {object} options
 * @param {number} options.limit  characters
 * @param {Storage | null} options.storage  keeps the draft over a reload
 * @param {string} options.key
 * @param {(text: string) => void} options.onSend
 */
export function createComposer({ form, area, counter, send, mention }, { limit, storage, key, onSend }) {
  function refresh() {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
    const told = counterFor(countCharacters(area.value), limit);
    counter.textContent = told?.text ?? "";
    counter.classList.toggle("over", Boolean(told?.over));
    area.setAttribute("aria-invalid", String(Boolean(told?.over)));
    send.disabled = !area.value.trim() || Boolean(told?.over);
    writeJson(storage, key, area.value || null);
  }

  /** @param {string} text */
  function set(text) {
    area.value = text;
    refresh();
    area.focus();
    area.setSelectionRange(text.length, text.length);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (send.disabled || !text) return;
    set("");
    onSend(text);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });
  area.addEventListener("input", refresh);
  mention.addEventListener("click", () => set(withMention(area.value, "@claude")));

  area.value = readJson(storage, key, "");
  refresh();
  return {
    set,
    /** Nothing can be sent from here any more. @param {string} why */
    disable(why) {
      area.disabled = send.disabled = mention.disabled = true;
      area.placeholder = why;
    },
  };
}
