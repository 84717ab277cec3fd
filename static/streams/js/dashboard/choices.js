// @ts-check
// What a person chooses: how far back, which process, pictures or tables, moving or not.

import { byId } from "../dom.js";
import { openStorage } from "../storage.js";

const KEY = "streams.dashboard";

/** @typedef {{ span_s: number, process: string, tables: boolean, paused: boolean }} Choices */

/** @param {(choices: Choices, changed: keyof Choices) => void} onChange */
export function createChoices(onChange) {
  const storage = openStorage("localStorage");
  const span = byId("choose-span", HTMLSelectElement);
  const process = byId("choose-process", HTMLSelectElement);
  const tables = byId("choose-tables", HTMLButtonElement);
  const pause = byId("choose-pause", HTMLButtonElement);
  const kept = storage?.getItem(KEY);
  if (kept && [...span.options].some(({ value }) => value === kept)) span.value = kept;

  const read = () => ({
    span_s: Number(span.value),
    process: process.value,
    tables: tables.getAttribute("aria-pressed") === "true",
    paused: pause.getAttribute("aria-pressed") === "true",
  });
  span.addEventListener("change", () => {
    try {
      storage?.setItem(KEY, span.value);
    } catch {
      // Not kept, but chosen.
    }
    onChange(read(), "span_s");
  });
  process.addEventListener("change", () => onChange(read(), "process"));
  for (const [button, name] of /** @type {const} */ ([[tables, "tables"], [pause, "paused"]])) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      onChange(read(), name);
    });
  }

  return {
    get now() { return read(); },
    /** Nothing stands still any more. */
    resume: () => pause.setAttribute("aria-pressed", "false"),
    /**
     * Offer the processes that there are; the chosen one stays chosen when it is gone.
     * @param {import("./samples.js").Seen[]} seen
     */
    offer(seen) {
      const here = seen.filter(({ state, name }) => state !== "gone" || name === process.value);
      const all = here.length === 1 ? "All processes (one)" : "All processes";
      const wanted = [["", all], ...here.map(({ name, state }) => [name, state === "gone" ? `${name} (gone)` : name])];
      const shown = [...process.options].map(({ value, text }) => `${value} ${text}`).join("\n");
      if (shown === wanted.map(([value, text]) => `${value} ${text}`).join("\n")) return;
      const chosen = process.value;
      process.replaceChildren(...wanted.map(([value, text]) => new Option(text, value, false, value === chosen)));
    },
  };
}
