// @ts-check
// Something to see: many events published from the page, all at once or in a steady flow.

import { post, wordsOf } from "../publish.js";

/**
 * @typedef {object} Load
 * @property {string} name
 * @property {number} events
 * @property {number} lines      of one POST: all of them are published, or none
 * @property {number} characters  of one event
 * @property {number} every_ms   from one POST to the next; 0: as soon as the one before was answered
 */

/** @type {Record<"burst" | "flow", Load>} */
export const LOADS = {
  burst: { name: "burst", events: 2_000, lines: 500, characters: 1_024, every_ms: 0 },
  flow: { name: "flow", events: 2_000, lines: 10, characters: 100, every_ms: 100 },
};

/**
 * The body of one POST. Its data is text, so that the page finds no numbers in it to draw.
 * @param {Load} load
 * @param {number} first  the number of its first event
 */
export function bodyOf({ name, events, lines, characters }, first) {
  const rows = Array.from({ length: Math.min(lines, events - first + 1) }, (_, at) => {
    const text = `${first + at} of ${events} `;
    return JSON.stringify({ type: name, data: text.padEnd(characters - 2, "·~") });
  });
  return rows.join("\n");
}

/**
 * @param {string} url
 * @param {Load} load
 * @param {{ fetch: typeof globalThis.fetch, clock: import("../../connection.js").Clock, goesOn: () => boolean,
 *   onProgress: (text: string) => void }} env
 */
export async function publishLoad(url, load, { fetch, clock, goesOn, onProgress }) {
  const start_ms = clock.now();
  const how = () => `${((clock.now() - start_ms) / 1000).toFixed(1)} s`;
  let published = 0;
  try {
    while (published < load.events && goesOn()) {
      const due_ms = start_ms + (published / load.lines) * load.every_ms;
      if (due_ms > clock.now()) await new Promise((resolve) => void clock.setTimeout(() => resolve(null), due_ms - clock.now()));
      const { ids } = await post(url, { type: "application/x-ndjson", body: bodyOf(load, published + 1) }, { fetch });
      published += ids.length;
      onProgress(`Published ${published.toLocaleString()} of ${load.events.toLocaleString()} events`);
    }
    onProgress(`Published ${published.toLocaleString()} events in ${how()}`);
  } catch (error) {
    onProgress(`${wordsOf(error)} ${published.toLocaleString()} of ${load.events.toLocaleString()} events were published.`);
  }
}
