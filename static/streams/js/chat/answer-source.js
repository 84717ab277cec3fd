// @ts-check
// Reading one answer over HTTP, as it stands.

import { readJsonFrom } from "./history.js";

/**
 * @param {string} base  the path of the room, with its slash
 * @param {{ fetch: typeof globalThis.fetch }} options
 */
export function createAnswerSource(base, { fetch }) {
  /**
   * @param {string} generation
   * @returns {Promise<import("./types.js").GenerationItem & { position: string }>}
   * @throws {Error} with the server's own words where it refuses
   */
  return async function readAnswer(generation) {
    const body = await readJsonFrom(`${base}answers/${encodeURIComponent(generation)}`, { fetch });
    if (body?.kind !== "generation") throw new Error("The server's answer could not be read.");
    return body;
  };
}
