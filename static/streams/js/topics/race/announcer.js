// @ts-check
// What a screen reader is told of the race: that a lane changed, in one breath for all of them; never the numbers.

import { tellEpisode } from "../episode-words.js";

const BREATH_MS = 1_500; // what has settled by then is told

/** @typedef {ReturnType<typeof import("./runner.js").createRunner>} Runner */

/**
 * @param {HTMLElement} element  a polite live region
 * @param {import("../../connection.js").Clock} clock
 */
export function createAnnouncer(element, clock) {
  /** @type {Map<string, Runner>} */
  const changed = new Map();
  /** @type {Map<Runner, string>} */
  const told = new Map();

  function speak() {
    const words = [];
    for (const [name, runner] of changed) {
      const word = runner.episode ? tellEpisode(runner.episode, clock.now()) : "";
      if (word && told.get(runner) !== word) words.push(`${name}: ${word}`);
      told.set(runner, word);
    }
    changed.clear();
    if (words.length) element.textContent = words.join(" ");
  }

  return {
    /** @param {string} name @param {Runner} runner  whose state has changed */
    tell(name, runner) {
      if (!changed.size) clock.setTimeout(speak, BREATH_MS);
      changed.set(name, runner);
    },
  };
}
