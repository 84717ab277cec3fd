// @ts-check
// A small panel for who wants to know: how fast the newest answer came, and how the connection is.

import { button, el } from "../dom.js";
import { openStorage, readJson, writeJson } from "../storage.js";
import { answerRows, connectionRows } from "./inspector-rules.js";

/**
 * @param {HTMLElement} parent
 * @param {object} options
 * @param {{ now(): number }} options.clock  the server's
 * @param {() => import("./types.js").GenerationItem | undefined} options.latest
 * @param {() => Parameters<typeof connectionRows>[0]} options.connection
 */
export function createInspector(parent, { clock, latest, connection }) {
  const storage = openStorage("localStorage");
  const list = el("dl", "inspector-rows");
  const close = button("Close", "quiet", () => set(false));
  const panel = el("section", "inspector", el("header", "", el("h2", "", "Inspector"), close), list);
  panel.setAttribute("aria-label", "Inspector");
  panel.hidden = !readJson(storage, "streams.inspector", false);
  parent.append(panel);

  function refresh() {
    if (panel.hidden) return;
    const [answer, way] = [answerRows(latest(), clock.now()), connectionRows(connection())];
    const row = (/** @type {string[]} */ [name, value], /** @type {number} */ at) =>
      el("div", at === answer.length ? "inspector-next" : "", el("dt", "", name), el("dd", "", value));
    list.replaceChildren(...[...answer, ...way].map(row));
  }

  /** @param {boolean} shown */
  function set(shown) {
    const had = panel.contains(document.activeElement);
    panel.hidden = !shown;
    writeJson(storage, "streams.inspector", shown || null);
    refresh();
    if (had && !shown) document.getElementById("message")?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "." || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    set(panel.hidden === true);
  });
  refresh();
  return {
    refresh,
    /** For the room's menu. */
    choice: () => ({ label: panel.hidden ? "Inspector" : "Close the inspector", hint: "Ctrl .", run: () => set(panel.hidden === true) }),
  };
}
