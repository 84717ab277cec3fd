// @ts-check
// One answer of a model: waiting, coming in, ended somehow; with what can be done with it.

import { el } from "../dom.js";
import { createAnswerBody } from "./answer-body.js";
import { createAnswerFoot } from "./answer-foot.js";
import { modelAvatar } from "./avatar.js";
import { leftOutLine, waitingLine } from "./generation-words.js";
import { timeElement } from "./message-view.js";
import { createThinkingView } from "./thinking-view.js";
import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("./room-store.js").AnswerChange} AnswerChange */

/**
 * What an answer needs to know of the room it is in.
 * @typedef {object} AnswerContext
 * @property {() => number} now            the server's time
 * @property {(item: GenerationItem) => number} before  answers that come before a queued one
 * @property {number} attempts            how often the model is asked for an answer at most
 * @property {(message: number) => string | undefined} questionOf  how the message reads by now, where it is loaded
 * @property {import("./answer-actions.js").AnswerActions} actions
 */

/**
 * @typedef {object} GenerationView
 * @property {HTMLElement} element
 * @property {(change: AnswerChange) => void} apply
 * @property {() => void} update           something else changed; reads the item again
 * @property {() => void} tick             time has passed
 */

/**
 * @param {GenerationItem} item  read again on each change, never changed
 * @param {AnswerContext} context
 * @returns {GenerationView}
 */
export function generationView(item, context) {
  const [head, asked, note] = [el("header", "entry-head"), el("p", "asked-words"), el("p", "answer-note")];
  const words = el("span", "waiting-text");
  const waiting = el("p", "waiting", createRipple(), words);
  const [thinking, body, foot] = [createThinkingView(), createAnswerBody(), createAnswerFoot(item, context.actions)];
  const answer = el("div", "answer-frame", asked, thinking.element, note, waiting, body.element);
  const element = el("article", "entry generation", modelAvatar(), head, answer, foot.element);
  element.dataset.seq = String(item.seq);
  let drawn = "";

  function update() {
    const key = `${item.generation} ${item.revision}`;
    if (key !== drawn) {
      drawn = key;
      head.replaceChildren(...headOf(item));
      body.draw(item);
      thinking.draw(item, context.now());
    }
    settle();
  }

  /** What depends on how it stands, but for its words. */
  function settle() {
    const open = isOpen(item);
    element.dataset.status = item.status;
    element.setAttribute("aria-busy", String(open));
    element.setAttribute("aria-label", `Answer of ${item.label}`);
    const now = item.message === null ? undefined : context.questionOf(item.message);
    const reworded = now !== undefined && Boolean(item.question) && now.trim() !== item.question.trim();
    asked.hidden = !reworded;
    asked.textContent = reworded ? `Answers the message as it was: “${item.question}”` : "";
    note.textContent = leftOutLine(item.left_out);
    note.hidden = !item.left_out;
    thinking.settle(item, context.now());
    foot.update();
    tick();
  }

  function tick() {
    if (!isOpen(item)) {
      waiting.hidden = true;
      return setBare();
    }
    const quiet = Boolean(item.text) || (item.thinks && item.status === "running");
    waiting.hidden = quiet && item.status !== "retrying";
    if (!waiting.hidden) words.textContent = waitingLine(item, { now_ms: context.now(), before: context.before(item), attempts: context.attempts });
    if (item.thinks && !item.text) thinking.settle(item, context.now());
    setBare();
  }

  /** Nothing to frame. */
  function setBare() {
    answer.hidden = [...answer.children].every((child) => child instanceof HTMLElement && child.hidden);
  }

  update();
  return {
    element,
    update,
    tick,
    apply(change) {
      const first = change.kind === "delta" && item.text.length === change.text.length;
      if (change.kind === "delta") body.append(change.text, item);
      else if (change.kind === "block") body.block(change.html, change.units, item);
      else if (change.kind === "thinking") thinking.append(change.text, item, context.now());
      else if (change.kind === "ended") body.finish(item);
      if (first) settle();
      else if (change.kind === "thinking") tick();
      else if (change.kind !== "delta" && change.kind !== "block") update();
    },
  };
}

/** @param {GenerationItem} item */
function headOf(item) {
  const demo = item.label === "Demo model" ? "built in" : "Demo model";
  const mark = item.demo ? el("span", "badge demo", demo) : el("span", "model-name mono", item.model);
  const asker = el("span", "asked-by", `for ${item.asked_by?.name ?? "someone"}`);
  return [el("span", "author", item.label), mark, asker, timeElement(item.timing.asked ?? item.time)];
}

function createRipple() {
  const ripple = el("span", "ripple", el("i"), el("i"), el("i"));
  ripple.setAttribute("aria-hidden", "true");
  return ripple;
}
