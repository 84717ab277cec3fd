// @ts-check
// Choosing a sign to put at a message: the usual ones at once, any other by typing it.

import { el } from "../dom.js";
import { openPopover } from "./popover.js";

export const USUAL = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "✅", "🚀", "🤔", "👎"];
const MAX_CHARS = 16;
const NAMES = ["thumbs up", "heart", "laughing", "hooray", "surprised", "sad", "thanks", "looking", "done", "rocket", "thinking", "thumbs down"];

/**
 * The one emoji in what somebody typed; null where there is none, or more than a sign.
 * @param {string} typed
 */
export function readEmoji(typed) {
  const text = typed.trim();
  const drawn = /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3/u.test(text);
  return drawn && text.length <= MAX_CHARS && !/[\s\p{L}]/u.test(text) ? text : null;
}

/**
 * @param {HTMLElement} anchor
 * @param {(emoji: string) => void} onChoose
 */
export function openEmojiPicker(anchor, onChoose) {
  const panel = el("div", "panel emoji-picker");
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", "React");
  const choose = (/** @type {string} */ emoji) => {
    close();
    onChoose(emoji);
  };
  const buttons = USUAL.map((emoji, at) => {
    const choice = el("button", "emoji-choice", emoji);
    choice.type = "button";
    choice.title = NAMES[at];
    choice.setAttribute("aria-label", NAMES[at]);
    choice.addEventListener("click", () => choose(emoji));
    return choice;
  });
  const grid = el("div", "emoji-grid", ...buttons);
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    buttons[(at + step + buttons.length) % buttons.length].focus();
  });
  panel.append(grid, createField(choose));
  const close = openPopover(anchor, panel, { focus: buttons[0] });
}

/** @param {(emoji: string) => void} choose */
function createField(choose) {
  const input = el("input", "input");
  input.placeholder = "Any other emoji";
  input.maxLength = MAX_CHARS;
  input.setAttribute("aria-label", "Any other emoji");
  const problem = el("p", "error-text");
  problem.setAttribute("role", "alert");
  const form = el("form", "emoji-form", input, problem);
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const emoji = readEmoji(input.value);
    if (emoji) choose(emoji);
    else problem.textContent = "Type one emoji.";
  });
  return form;
}
