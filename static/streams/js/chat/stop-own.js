// @ts-check
// Stop in the box one writes in, while one's own answer is being written; Escape does the same.

import { button } from "../dom.js";
import { asSentence } from "./generation-words.js";

/**
 * @param {object} parts
 * @param {HTMLTextAreaElement} parts.area
 * @param {HTMLElement} parts.before  what the button stands before
 * @param {object} options
 * @param {{ own: () => object | undefined, stopOwn: () => Promise<boolean> }} options.actions
 * @param {(text: string) => void} options.fail
 */
export function bindStopOwn({ area, before }, { actions, fail }) {
  const stop = button("Stop", "button stop-own", () => void run());
  stop.title = "Stop the answer (Esc)";
  stop.hidden = true;
  before.before(stop);
  let running = false;

  async function run() {
    if (running) return;
    running = true;
    refresh();
    try {
      await actions.stopOwn();
    } catch (error) {
      fail(`The answer was not stopped. ${asSentence(error instanceof Error ? error.message : "")}`);
    } finally {
      running = false;
      refresh();
    }
  }

  function refresh() {
    const had = document.activeElement === stop;
    stop.hidden = !running && actions.own() === undefined;
    stop.textContent = running ? "Stopping…" : "Stop";
    stop.setAttribute("aria-disabled", String(running));
    if (had && stop.hidden) area.focus();
  }

  area.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || !actions.own()) return;
    event.preventDefault();
    void run();
  });
  return { refresh };
}
