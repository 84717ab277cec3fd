// @ts-check
// What is finished of an answer: the server's sanitised HTML, made comfortable.

import { bindCopy } from "../clipboard.js";
import { button, el } from "../dom.js";

/**
 * The one place where HTML becomes nodes. `html` must be an answer's, whole or one of its blocks, which the server
 * rendered from Markdown and passed through its allow-list; nothing else may be given here. What stands there stays.
 * @param {HTMLElement} element
 * @param {string} html
 */
export function appendSanitisedHtml(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  enhance(template.content);
  element.append(template.content);
}

/** @param {DocumentFragment} content */
function enhance(content) {
  for (const table of content.querySelectorAll("table")) {
    const scroller = el("div", "table-scroller");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "Table");
    table.replaceWith(scroller);
    scroller.append(table);
  }
  for (const pre of content.querySelectorAll("pre")) if (!pre.parentElement?.closest("pre")) frameCode(pre);
  for (const link of content.querySelectorAll("a[href]")) {
    link.setAttribute("rel", "noopener noreferrer nofollow");
    link.setAttribute("target", "_blank");
  }
}

/** @param {HTMLElement} pre */
function frameCode(pre) {
  const block = pre.closest(".highlight") ?? pre;
  const copy = button("Copy", "copy-code", () => {});
  bindCopy(copy, () => pre.textContent?.replace(/\n$/, "") ?? "");
  const frame = el("div", "code-block", el("div", "code-bar", el("span", "code-language", languageOf(pre)), copy));
  block.replaceWith(frame);
  frame.append(block);
  pre.tabIndex = 0;
}

/**
 * The language named on the block; empty when it is none in particular.
 * @param {HTMLElement} pre
 */
function languageOf(pre) {
  const named = pre.closest("[data-language]")?.getAttribute("data-language") ?? "";
  return named === "text" ? "" : named;
}
