// @ts-check
// Searching a room: what fits comes while one types, arrows go through it, Enter goes there.

import { el } from "../dom.js";
import { formatClock, formatDay } from "../times.js";
import { readJsonFrom } from "./history.js";
import { foundLine, readFound } from "./search-words.js";

const REST_MS = 200; // after the last letter

/**
 * @param {object} parts
 * @param {HTMLDialogElement} parts.dialog
 * @param {HTMLInputElement} parts.input
 * @param {HTMLElement} parts.list
 * @param {HTMLElement} parts.note  a polite live region
 * @param {HTMLButtonElement} parts.more  searches on, further back
 * @param {object} options
 * @param {string} options.url
 * @param {typeof globalThis.fetch} options.fetch
 * @param {import("../connection.js").Clock} options.clock
 * @param {(seq: number) => void} options.goTo
 */
export function createSearchPanel({ dialog, input, list, note, more }, { url, fetch, clock, goTo }) {
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {number | null} where to search on */
  let older = null;

  /** @param {import("./search-words.js").Found[]} found */
  function add(found) {
    list.append(...found.map(({ seq, who, time, parts }) => {
      const date = new Date(time);
      const when = Number.isNaN(date.getTime()) ? "" : `${formatDay(date, clock.now())}, ${formatClock(date)}`;
      const snippet = el("span", "found-text", ...parts.map(({ text, marked }) => (marked ? el("mark", "", text) : document.createTextNode(text))));
      snippet.dir = "auto";
      const link = el("a", "found-link", el("span", "found-who", who), el("span", "found-when", when), snippet);
      link.href = `#m${seq}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        dialog.close();
        goTo(seq);
      });
      return el("li", "", link);
    }));
  }

  /** @param {number | null} before  go on with what was found; null: anew */
  async function ask(before) {
    asking?.abort();
    const words = input.value.trim();
    if (before === null) list.replaceChildren();
    more.hidden = true;
    note.textContent = words ? "Searching…" : "";
    if (!words) return;
    const mine = (asking = new AbortController());
    const place = before === null ? "" : `&before=${before}`;
    try {
      const body = await readJsonFrom(`${url}?q=${encodeURIComponent(words)}${place}`, { fetch, signal: mine.signal });
      if (mine !== asking) return;
      const next = readFound(body);
      add(next.found);
      older = next.older;
      more.hidden = older === null;
      note.textContent = foundLine(list.childElementCount, older !== null, words);
    } catch (error) {
      if (mine !== asking || mine.signal.aborted) return;
      note.textContent = `The search failed. ${error instanceof Error ? error.message : ""}`;
    }
  }

  input.addEventListener("input", () => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => void ask(null), REST_MS);
  });
  more.addEventListener("click", () => void ask(older));
  dialog.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
    if (event.key === "ArrowDown") (links[at + 1] ?? links[0])?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input).focus();
    else if (event.key === "Escape") dialog.close(); // which a field for searching would take for itself
    else if (event.key === "Enter" && document.activeElement === input && links[0]) links[0].click();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => asking?.abort());

  return {
    open() {
      if (!dialog.open) dialog.showModal();
      input.select();
    },
  };
}
