// @ts-check
// Under an answer: why it ended as it did, what it used, and what can be done with it.

import { bindCopy } from "../clipboard.js";
import { button, el } from "../dom.js";
import { troubleLine, usageLine } from "./generation-words.js";
import { versionSwitch } from "./version-switch.js";
import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("./answer-actions.js").AnswerActions} AnswerActions */

/**
 * @param {GenerationItem} item  read again on each update, never changed
 * @param {AnswerActions} actions
 */
export function createAnswerFoot(item, actions) {
  const element = el("footer", "answer-foot");
  const failure = el("p", "error-text");
  failure.setAttribute("role", "alert");
  let [shown, busy] = ["", ""];

  /** Do something that may be refused; what is done is said on its button, and nothing else can be done meanwhile. @param {string} name @param {() => Promise<void>} run */
  async function perform(name, run) {
    if (busy) return;
    busy = name;
    failure.textContent = "";
    update();
    try {
      await run();
    } catch (error) {
      failure.textContent = error instanceof Error ? error.message : "That did not work.";
    } finally {
      busy = "";
      update();
    }
  }

  /** @param {string} name @param {string} label @param {string} during @param {() => Promise<void>} run */
  function tool(name, label, during, run, look = "quiet") {
    const made = button(busy === name ? during : label, look, () => void perform(name, run));
    made.dataset.tool = name;
    if (busy) made.setAttribute("aria-disabled", "true");
    return made;
  }

  const stop = () => tool("stop", item.status === "running" ? "Stop" : "Cancel", "Stopping…", () => actions.stop(item), "button small");
  const again = (look = "quiet", label = "Regenerate") => tool("again", label, "Asking…", () => actions.regenerate(item), look);

  function notice() {
    const trouble = troubleLine(item);
    if (!trouble) return null;
    const [mayAsk, row] = [actions.mayAsk(), el("p", "notice-actions")];
    if (mayAsk && trouble.again) row.append(again("button small", "Try again"));
    if (mayAsk && trouble.goOn) row.append(tool("on", "Continue", "Asking…", () => actions.goOn(item), "button small"));
    return el("div", `notice ${trouble.tone}`, el("p", "", trouble.text), row.childNodes.length > 0 && row);
  }

  function tools() {
    const row = el("div", "answer-tools");
    if (item.versions.length > 1) row.append(versionSwitch(item, (version) => void perform("version", () => actions.show(item, version))));
    if (item.text && !isOpen(item)) row.append(copyButton(item));
    if (!isOpen(item) && actions.mayAsk() && item.message !== null && !troubleLine(item)?.again) row.append(again());
    const usage = item.demo ? "" : usageLine(item); // the demo model counts words
    if (usage) row.append(usageText(item, usage));
    return row.childNodes.length ? row : null;
  }

  function update() {
    const { generation, status, versions, revision, usage, text } = item;
    const may = [actions.mayStop(item), actions.mayAsk()];
    const key = JSON.stringify([generation, status, versions, revision, usage, may, busy, isOpen(item) || text.length]);
    if (key === shown) return;
    shown = key;
    const focused = element.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.tool : undefined;
    const open = isOpen(item);
    const parts = [open ? null : notice(), open && may[0] ? el("p", "answer-stop", stop()) : null, tools(), failure];
    element.replaceChildren(...parts.filter((part) => part !== null));
    if (focused) keepFocus(focused);
  }

  /** @param {string} name */
  function keepFocus(name) {
    const same = element.querySelector(`[data-tool="${name}"]`) ?? element.querySelector("[data-tool]");
    if (same instanceof HTMLElement) same.focus({ preventScroll: true });
  }

  update();
  return { element, update };
}

/** @param {GenerationItem} item */
function copyButton(item) {
  const copy = button("Copy", "quiet", () => {});
  copy.dataset.tool = "copy";
  copy.setAttribute("aria-label", "Copy the answer as Markdown");
  bindCopy(copy, () => item.text);
  return copy;
}

/** @param {GenerationItem} item @param {string} words */
function usageText({ usage }, words) {
  const line = el("span", "usage", words);
  line.title = usage?.estimated ? "The input is exact; what was written before the stop is reckoned from its length, and so is the cost." : "As the API counted it; the cost by the price table of this server.";
  return line;
}
