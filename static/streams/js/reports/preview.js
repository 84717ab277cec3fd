// @ts-check
// The first rows of a report, and no more: the request is dropped when they have come.

import { createLineSplitter } from "../lines.js";

/** The server says no; its words are for the person. */
export class Refusal extends Error {
  name = "Refusal";
}

/**
 * The answer, or what the server says against it.
 * @param {string} url
 * @param {{ fetch: typeof globalThis.fetch, signal: AbortSignal }} options
 * @throws {Refusal}
 */
export async function ask(url, { fetch, signal }) {
  const response = await fetch(url, { signal, cache: "no-store" });
  if (response.ok && response.body) return response.body;
  const said = await response.json().catch(() => null);
  throw new Refusal(said?.error?.message ?? `The server answered ${response.status}.`);
}

/**
 * @param {string} url  of the report as NDJSON
 * @param {number} count
 * @param {{ fetch: typeof globalThis.fetch }} options
 * @param {AbortSignal} signal  to drop it earlier
 * @returns {Promise<{ rows: Record<string, unknown>[], total: number | null }>} total: where these are all
 */
export async function firstRows(url, count, { fetch }, signal) {
  const controller = new AbortController();
  const drop = () => controller.abort();
  signal.addEventListener("abort", drop);
  /** @type {Record<string, any>[]} */
  const lines = [];
  const splitter = createLineSplitter((line) => lines.push(JSON.parse(line)));
  try {
    const reader = (await ask(url, { fetch, signal: controller.signal })).getReader();
    while (lines.length <= count) {
      const { done, value } = await reader.read();
      if (done) break;
      splitter.feed(value);
    }
  } finally {
    signal.removeEventListener("abort", drop);
    drop();
  }
  signal.throwIfAborted();
  const last = lines.at(-1);
  const whole = last?.done === true && lines.length <= count + 1 && "total" in last;
  return { rows: (whole ? lines.slice(0, -1) : lines).slice(0, count), total: whole ? last?.total : null };
}
