// @ts-check
// The state of a connection on the page: a short word always, a bar with a way out when something is wrong.

import { longState, shortState, spokenState } from "./connection-words.js";

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */

const PATIENCE_MS = 1_200; // a reconnect quicker than this is not worth a bar

/**
 * @param {object} parts
 * @param {HTMLElement} parts.word      shows the short state
 * @param {HTMLElement} parts.bar       shown while something is wrong
 * @param {HTMLElement} parts.sentence  inside the bar
 * @param {HTMLButtonElement} parts.retry  "Try now"
 * @param {HTMLElement | null} [parts.signIn]  shown when signing in would help
 * @param {HTMLElement} parts.spoken  a polite live region
 * @param {() => void} onRetry
 * @param {{ clock: { now(): number }, setInterval: (run: () => void, ms: number) => unknown }} env
 */
export function createConnectionView({ word, bar, sentence, retry, spoken, signIn = null }, onRetry, { clock, setInterval }) {
  /** @type {ConnectionState} */
  let state = { name: "connecting" };
  let troubledSince_ms = 0;
  /** @type {ConnectionState["name"]} */
  let told = "live";

  function write() {
    const now_ms = clock.now();
    setText(word, shortState(state, now_ms));
    word.dataset.state = state.name;
    const text = longState(state, now_ms);
    const patient = state.name !== "refused" && now_ms - troubledSince_ms < PATIENCE_MS;
    if (text && !patient) {
      setText(sentence, text);
      bar.dataset.state = state.name;
      bar.hidden = false;
    } else if (state.name === "live") bar.hidden = true;
    const mustSignIn = state.reason === "sign_in" || state.reason === "unauthorized";
    retry.hidden = mustSignIn;
    retry.setAttribute("aria-disabled", String(state.name === "connecting")); // disabled it would lose the focus
    if (signIn) signIn.hidden = !mustSignIn;
  }

  retry.addEventListener("click", () => state.name !== "connecting" && onRetry());
  setInterval(write, 500);
  return {
    /** @param {ConnectionState} next */
    show(next) {
      if (next.name === "live") troubledSince_ms = 0;
      else if (!troubledSince_ms) troubledSince_ms = clock.now();
      state = next;
      write();
      const words = spokenState(next, told);
      if (!words) return;
      spoken.textContent = words;
      told = next.name;
    },
  };
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
