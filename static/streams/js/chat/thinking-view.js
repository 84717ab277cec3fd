// @ts-check
// What the model thinks before it answers: a line while it does, all of it for who opens it.

import { el } from "../dom.js";
import { lastLine, thinkingLine } from "./generation-words.js";
import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

export function createThinkingView() {
  const words = el("span", "thinking-words");
  const newest = el("span", "thinking-newest");
  const text = document.createTextNode("");
  const body = el("div", "thinking-text", text);
  const element = el("details", "thinking", el("summary", "", words, newest), body);
  newest.setAttribute("aria-hidden", "true");
  body.tabIndex = 0;
  let tail = ""; // enough of the end to find its last line

  /** @param {GenerationItem} item @param {number} now_ms */
  function settle(item, now_ms) {
    const busy = isOpen(item) && !item.text;
    element.hidden = !item.thinks;
    element.classList.toggle("busy", busy);
    element.classList.toggle("kept-from-us", !item.thinking);
    words.textContent = thinkingLine(item, now_ms);
    newest.textContent = busy ? lastLine(tail) : "";
  }

  return {
    element,
    settle,
    /** @param {GenerationItem} item @param {number} now_ms */
    draw(item, now_ms) {
      text.data = item.thinking || "This model does not show what it thinks.";
      tail = item.thinking.slice(-400);
      settle(item, now_ms);
    },
    /** @param {string} more @param {GenerationItem} item @param {number} now_ms */
    append(more, item, now_ms) {
      if (!more) return settle(item, now_ms);
      if (tail) text.appendData(more);
      else text.data = item.thinking;
      tail = (tail + more).slice(-400);
      settle(item, now_ms);
    },
  };
}
