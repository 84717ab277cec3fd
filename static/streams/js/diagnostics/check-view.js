// @ts-check
// One check on the page: a mark, what was found, and where something is wrong what it breaks and the lines that mend it.

import { bindCopy } from "../clipboard.js";
import { button, el, svg } from "../dom.js";
import { createStrip } from "./strip.js";

/** @typedef {import("./checks.js").Check} Check */
/** @typedef {{ chunks?: import("./probes.js").Chunk[], elapsed_s?: number, limit_s?: number }} Extra */

/** @type {Record<Check["level"], { word: string, path: string }>} */
const MARKS = {
  good: { word: "Good", path: "m3.5 8.5 3 3 6-7" },
  note: { word: "Could be better", path: "M8 3.5v6M8 12.4v.1" },
  fault: { word: "Wrong", path: "m4 4 8 8M12 4l-8 8" },
  unknown: { word: "Not checked", path: "M4 8h8" },
  running: { word: "Running", path: "M8 4v8" },
};
const STROKE = { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" };

/** @param {Check["level"]} level */
function createMark(level) {
  const { word, path } = MARKS[level];
  const icon = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", ...STROKE }, svg("path", { d: path }));
  return el("span", "check-mark", icon, el("span", "visually-hidden", `${word}:`));
}

/** @param {readonly string[]} lines @param {string} title */
function createSnippet(lines, title) {
  const text = lines.join("\n");
  const copy = button("Copy", "quiet-button", () => {});
  copy.setAttribute("aria-label", `Copy the lines for ${title}`);
  bindCopy(copy, () => text);
  const code = el("pre", "", el("code", "", text));
  code.tabIndex = 0;
  return el("div", "snippet", code, copy);
}

/** @param {number} elapsed_s @param {number} limit_s */
function createClock(elapsed_s, limit_s) {
  const bar = el("progress");
  bar.max = limit_s;
  bar.value = elapsed_s;
  bar.setAttribute("aria-label", "Seconds of silence so far");
  return el("div", "check-clock", bar, el("span", "mono", `${elapsed_s} of ${limit_s} s`));
}

/**
 * The row of a check; `show` writes it anew only where something changed, so that focus and selections stay.
 * @returns {{ element: HTMLLIElement, show: (check: Check, extra: Extra) => void }}
 */
export function createCheckView() {
  const element = el("li", "check");
  let shown = "";
  return {
    element,
    show(check, extra) {
      const key = JSON.stringify([check, extra.elapsed_s]);
      if (key === shown) return;
      shown = key;
      const { id, title, level, said, why, lines, figure } = check;
      const watching = level === "running" && extra.limit_s !== undefined;
      element.id = `check-${id}`;
      element.dataset.level = level;
      element.replaceChildren(
        createMark(level),
        el("h3", "check-title", title),
        el("span", "check-figure mono", figure),
        el("div", "check-body",
          el("p", "check-said", said || (watching ? "A stream is open, and silent. Watching whether it is cut…" : "Running…")),
          watching && createClock(extra.elapsed_s ?? 0, extra.limit_s ?? 0),
          extra.chunks && extra.chunks.length > 1 && createStrip(extra.chunks),
          why && el("p", "check-why", why),
          lines?.length ? createSnippet(lines, title) : null),
      );
    },
  };
}
