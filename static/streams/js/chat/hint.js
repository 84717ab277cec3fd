// @ts-check
// A quiet word to a person, gone after a while; and a loud one, which a screen reader says at once.

import { byId } from "../dom.js";

const SHOWN_MS = 9_000;

/** @param {import("../connection.js").Clock} clock */
export function createHint(clock) {
  const line = byId("hint", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} text */
  function tell(text) {
    line.textContent = text;
    line.hidden = false;
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => (line.hidden = true), SHOWN_MS);
  }

  return {
    tell,
    /** Something that was asked for did not happen. @param {string} text */
    fail(text) {
      tell(text);
      byId("alert", HTMLElement).textContent = text;
    },
  };
}
