// @ts-check
// One answer of a model: waiting, coming in, finished, failed.

import { bindCopy } from "../clipboard.js";
import { button, el } from "../dom.js";
import { modelAvatar } from "./avatar.js";
import { showSanitisedHtml } from "./answer-html.js";
import { troubleLine, usageLine, waitingLine } from "./generation-words.js";
import { timeElement } from "./message-view.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

/**
 * @typedef {object} GenerationView
 * @property {HTMLElement} element
 * @property {(text: string) => void} append  more text came
 * @property {() => void} update              something else changed; reads the item again
 * @property {(now_ms: number) => void} tick  time has passed
 */

/**
 * @param {GenerationItem} item  read again on each update, never changed
 * @param {{ now(): number }} clock
 * @param {(generation: string) => Promise<void>} retry  rejects with a message when it was refused
 * @returns {GenerationView}
 */
export function generationView(item, clock, retry) {
  const started_ms = clock.now();
  const body = el("div", "answer");
  const after = el("footer", "answer-foot");
  const element = el("article", "entry generation", modelAvatar(), createHead(item), body, after);
  element.dataset.seq = String(item.seq);
  element.setAttribute("aria-label", `Answer of ${item.label}`);
  const growing = document.createTextNode("");
  const waiting = el("p", "waiting", createRipple(), el("span", "waiting-text"));

  function update() {
    const running = item.status === "running";
    element.dataset.status = item.status;
    element.setAttribute("aria-busy", String(running));
    if (running && !item.text) {
      showWaiting(0);
      body.replaceChildren(waiting);
    } else if (!running && item.html) {
      body.className = "answer prose";
      showSanitisedHtml(body, item.html);
    } else {
      growing.data = item.text;
      body.className = "answer plain-text";
      body.replaceChildren(growing, running ? el("span", "caret") : "");
    }
    after.replaceChildren(...(running ? [] : createFoot(item, retry)));
  }

  function showWaiting(/** @type {number} */ waited_ms) {
    const line = waiting.lastElementChild;
    if (line) line.textContent = waitingLine(item, waited_ms);
  }

  update();
  return {
    element,
    update,
    append(text) {
      if (!growing.isConnected) update();
      else growing.appendData(text);
    },
    tick(now_ms) {
      if (item.status === "running" && !item.text) showWaiting(now_ms - started_ms);
    },
  };
}

/** @param {GenerationItem} item */
function createHead(item) {
  const demo = item.label === "Demo model" ? "built in" : "Demo model";
  const mark = item.demo ? el("span", "badge demo", demo) : el("span", "model-name mono", item.model);
  const asker = el("span", "asked-by", `for ${item.asked_by?.name ?? "someone"}`);
  return el("header", "entry-head", el("span", "author", item.label), mark, asker, timeElement(item.time));
}

function createRipple() {
  const ripple = el("span", "ripple", el("i"), el("i"), el("i"));
  ripple.setAttribute("aria-hidden", "true");
  return ripple;
}

/**
 * @param {GenerationItem} item
 * @param {(generation: string) => Promise<void>} retry
 */
function createFoot(item, retry) {
  const parts = [];
  const trouble = troubleLine(item);
  if (trouble) {
    const line = el("div", `notice ${trouble.tone}`, el("p", "", trouble.text));
    if (trouble.retryable) line.append(createRetry(item, retry));
    parts.push(line);
  }
  const small = el("div", "answer-tools");
  if (item.text) {
    const copy = button("Copy", "quiet", () => {});
    copy.setAttribute("aria-label", "Copy the answer");
    bindCopy(copy, () => item.text);
    small.append(copy);
  }
  const usage = item.demo ? "" : usageLine(item.usage); // the demo model counts words
  if (usage) small.append(el("span", "usage", usage));
  if (small.childNodes.length) parts.push(small);
  return parts;
}

/**
 * @param {GenerationItem} item
 * @param {(generation: string) => Promise<void>} retry
 */
function createRetry(item, retry) {
  const failure = el("span", "error-text");
  failure.setAttribute("role", "alert");
  const again = button("Ask again", "button small", async () => {
    again.disabled = true;
    failure.textContent = "";
    try {
      await retry(item.generation);
      again.textContent = "Asked again";
    } catch (error) {
      again.disabled = false;
      failure.textContent = error instanceof Error ? error.message : "It could not be asked again.";
    }
  });
  return el("p", "notice-actions", again, failure);
}
