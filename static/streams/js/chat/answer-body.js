// @ts-check
// The words of an answer: finished blocks, which are never touched again, and behind them the tail as text.

import { el } from "../dom.js";
import { appendSanitisedHtml } from "./answer-html.js";
import { createReveal } from "./reveal.js";
import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

const FENCE = /^\n* {0,3}(`{3}|~{3})/;
const calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

export function createAnswerBody() {
  const blocks = el("div", "prose");
  const tail = document.createTextNode("");
  const growing = el("div", "growing", tail, el("span", "caret"));
  const element = el("div", "answer", blocks, growing);
  const reveal = createReveal({
    write: (text) => tail.appendData(text),
    nextFrame: (run) => requestAnimationFrame(run),
    clock: { now: () => performance.now() },
    still: () => Boolean(calm?.matches) || document.hidden,
  });

  /** @param {GenerationItem} item */
  function settle(item) {
    const open = isOpen(item);
    growing.hidden = !item.tail && !(open && item.html);
    growing.classList.toggle("open", open);
    growing.classList.toggle("as-code", FENCE.test(item.tail.slice(0, 12)));
    element.hidden = !item.text;
  }

  return {
    element,
    settle,
    /** Show all of it anew. @param {GenerationItem} item */
    draw(item) {
      reveal.clear();
      blocks.replaceChildren();
      if (item.html) appendSanitisedHtml(blocks, item.html);
      tail.data = item.tail;
      settle(item);
    },
    /** @param {string} text @param {GenerationItem} item */
    append(text, item) {
      if (growing.hidden || element.hidden || tail.length < 12) settle(item);
      reveal.add(text);
    },
    /** `html` shows the first `units` UTF-16 units of the tail. @param {string} html @param {number} units @param {GenerationItem} item */
    block(html, units, item) {
      reveal.flush();
      appendSanitisedHtml(blocks, html);
      tail.deleteData(0, units);
      settle(item);
    },
    /** Nothing more comes. @param {GenerationItem} item */
    finish(item) {
      reveal.flush();
      settle(item);
    },
  };
}
