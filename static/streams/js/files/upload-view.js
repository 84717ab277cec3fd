// @ts-check
// One upload as a person sees it: its name, how far it is, how fast, and what can be done about it.

import { button, el } from "../dom.js";
import { createPace, sizeWords, spanWords } from "./pace.js";

/** @typedef {import("./tus.js").State} State */

/**
 * What to say of a state, after the sizes.
 * @param {State} state
 * @param {{ size: number, pace: ReturnType<typeof createPace> }} of
 */
export function stateWords(state, { size, pace }) {
  const sizes = `${sizeWords(state.sent)} of ${sizeWords(size)}`;
  if (state.name === "waiting") return `${sizeWords(size)} · waiting`;
  if (state.name === "paused") return `${sizes} · paused`;
  if (state.name === "retrying") return `${sizes} · ${state.words ?? "The connection was lost."} Trying again…`;
  if (state.name === "failed") return `${sizes} · ${state.words ?? "It failed."}`;
  if (state.name === "done") return `${sizeWords(size)} · uploaded`;
  const [rate, left] = [pace.perSecond, pace.left(size)];
  return [sizes, rate && `${sizeWords(Math.round(rate))}/s`, left && `${spanWords(left)} left`].filter(Boolean).join(" · ");
}

/**
 * @param {Pick<File, "name" | "size">} file
 * @param {{ clock: { now(): number }, act: (what: "start" | "pause" | "cancel" | "forget") => void }} env
 */
export function createUploadView(file, { clock, act }) {
  const pace = createPace(clock);
  const name = el("span", "upload-name", file.name);
  const words = el("span", "upload-words");
  const bar = el("progress", "bar");
  bar.max = Math.max(1, file.size);
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const pause = button("Pause", "button small", () => act("pause"));
  const start = button("Go on", "button small", () => act("start"));
  const cancel = button("Cancel", "button small", () => act("cancel"));
  const forget = button("Dismiss", "button small", () => act("forget"));
  for (const [one, label] of [[pause, "Pause"], [start, "Go on with"], [cancel, "Cancel"], [forget, "Dismiss"]]) {
    /** @type {HTMLButtonElement} */ (one).setAttribute("aria-label", `${label} ${file.name}`);
  }
  const element = el("li", "upload", name, words, bar, el("span", "upload-actions", pause, start, cancel, forget));

  /** @param {State} state */
  function show(state) {
    const focused = element.contains(document.activeElement);
    if (state.name === "sending") pace.add(state.sent);
    else pace.reset();
    element.dataset.state = state.name;
    bar.value = state.name === "done" ? bar.max : state.sent;
    words.textContent = stateWords(state, { size: file.size, pace });
    if (state.name === "done" && state.url) {
      const link = el("a", "upload-name", decodeURIComponent(state.url.split("/").pop() ?? file.name));
      link.href = state.url;
      element.firstElementChild?.replaceWith(link);
    }
    const over = state.name === "done";
    pause.hidden = !["waiting", "sending", "retrying"].includes(state.name);
    start.hidden = !["paused", "failed", "retrying"].includes(state.name);
    start.textContent = state.name === "paused" ? "Go on" : "Try again";
    cancel.hidden = over;
    forget.hidden = !over;
    if (focused && document.activeElement === document.body) [pause, start, forget].find((one) => !one.hidden)?.focus();
  }

  return { element, show };
}
