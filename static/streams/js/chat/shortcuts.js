// @ts-check
// The keys of a room. None of them works while one writes, but those with Ctrl.

/**
 * @typedef {object} Pressed
 * @property {string} key
 * @property {boolean} ctrl  or Cmd
 * @property {boolean} alt
 * @property {boolean} writing  the focus is where one types
 * @property {boolean} within  the focus is in an entry of the log
 */

/**
 * What a key asks for; null for nothing.
 * @param {Pressed} pressed
 * @returns {"search" | "help" | "next" | "previous" | "reply" | "edit" | "react" | "newest" | "write" | null}
 */
export function meaningOf({ key, ctrl, alt, writing, within }) {
  if (alt) return null;
  if (ctrl) return key.toLowerCase() === "k" ? "search" : null;
  if (writing) return null;
  if (within && key === "ArrowDown") return "next";
  if (within && key === "ArrowUp") return "previous";
  if (within && key === "+") return "react";
  switch (key) {
    case "/": return "search";
    case "?": return "help";
    case "j": return "next";
    case "k": return "previous";
    case "r": return within ? "reply" : null;
    case "e": return "edit";
    case "c": return "write";
    case "End": return "newest";
    default: return null;
  }
}

/**
 * @param {object} parts
 * @param {HTMLElement} parts.log
 * @param {(meaning: NonNullable<ReturnType<typeof meaningOf>>, entry: HTMLElement | null) => void} perform
 */
export function bindShortcuts({ log }, perform) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.isComposing || !(target instanceof Element)) return;
    if (document.querySelector("dialog[open], .menu, .panel")) return;
    const writing = target.closest("input, textarea, select, [contenteditable]") !== null;
    const entry = /** @type {HTMLElement | null} */ (target.closest(".entry[data-seq]"));
    const meaning = meaningOf({ key: event.key, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey, writing, within: entry !== null });
    if (!meaning) return;
    event.preventDefault();
    if (meaning === "next" || meaning === "previous") move(log, entry, meaning === "next" ? 1 : -1);
    else perform(meaning, entry);
  });
}

/** Focus the entry before or after; the newest one where none has it. @param {HTMLElement} log @param {HTMLElement | null} from @param {1 | -1} step */
function move(log, from, step) {
  const entries = /** @type {HTMLElement[]} */ ([...log.querySelectorAll(".entry[data-seq]")]);
  const next = from ? entries[entries.indexOf(from) + step] : entries[entries.length - 1];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
