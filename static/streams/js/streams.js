// @ts-check
// Topics in a browser: one interface, whatever technique brings the events. Import this module; it needs no other page.

import { browserClock } from "./connection.js";
import { eventsource } from "./eventsource-technique.js";
import { ndjson } from "./ndjson-technique.js";
import { poll } from "./poll-technique.js";
import { createReader } from "./reader.js";
import { createSharedStream } from "./shared-stream.js";
import { sse } from "./sse-technique.js";
import { neverWakes, placeWakes } from "./wake.js";
import { createWebSocketStream } from "./websocket-stream.js";

/** @typedef {import("./connection.js").Stream} Stream */

const TECHNIQUES = ["sse", "eventsource", "ndjson", "poll", "websocket"];

/**
 * @typedef {object} Options
 * @property {"sse" | "eventsource" | "ndjson" | "poll" | "websocket"} [technique]
 * @property {string} [from]  where to begin: an id, "earliest", "-N" for the last N; empty: from now on
 * @property {boolean | string} [shared]  one connection for all tabs of this browser; a text keeps people apart
 * @property {boolean} [heal]  look again by itself when the network, the page or the machine is back
 * @property {Record<string, string>} [headers]  of requests by fetch: `Authorization`, say
 * @property {RequestCredentials} [credentials]  "include": with the cookies of another origin
 * @property {string[]} [types]  what an EventSource should listen for from the start; it learns the others
 * @property {import("./connection.js").Clock} [clock]
 * @property {() => number} [random]
 * @property {() => boolean} [isOnline]
 * @property {typeof globalThis.fetch} [fetch]
 * @property {typeof globalThis.EventSource} [EventSource]
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {Pick<LockManager, "request">} [locks]
 * @property {typeof globalThis.BroadcastChannel} [BroadcastChannel]
 */

/**
 * A stream of one topic (`/events/<topic>`) or of several (`/events?topic=a&topic=b`); closed until `open()`.
 *
 * @overload
 * @param {string} url  absolute, or relative to the page
 * @param {Options & { technique: "websocket", shared?: false }} options
 * @returns {ReturnType<typeof createWebSocketStream>}
 *
 * @overload
 * @param {string} url
 * @param {Options} [options]
 * @returns {Stream}
 *
 * @param {string} url
 * @param {Options} [options]
 * @returns {Stream}
 */
export function createStream(url, options = {}) {
  const { technique = "sse", shared = false, headers = {}, types = [], heal = true } = options;
  const { locks = globalThis.navigator?.locks, BroadcastChannel = globalThis.BroadcastChannel } = options;
  const { clock = browserClock, random = Math.random, credentials = "same-origin" } = options;
  const wakes = heal ? placeWakes(clock) : neverWakes;
  const asking = { fetch: options.fetch ?? globalThis.fetch.bind(globalThis), headers, credentials, clock };
  if (!TECHNIQUES.includes(technique)) throw new TypeError(`no technique ${technique} (${TECHNIQUES.join(", ")})`);
  if (Object.keys(headers).length && (technique === "websocket" || technique === "eventsource")) {
    throw new TypeError(`a browser sends no headers of a page's own over ${technique}`);
  }
  if (shared && locks && BroadcastChannel) {
    const group = shared === true ? "" : shared;
    const createOwn = (/** @type {string} */ from) => createStream(url, { ...options, from, shared: false, heal: false });
    return createSharedStream(url, { from: options.from, group, createOwn, asking, random, wakes, locks, BroadcastChannel });
  }
  if (technique === "websocket") return createWebSocketStream(url, { ...options, wakes });
  const { EventSource = globalThis.EventSource } = options;
  const techniques = {
    sse: () => sse(asking),
    ndjson: () => ndjson(asking),
    poll: () => poll(asking),
    eventsource: () => eventsource({ ...asking, EventSource, types, random }),
  };
  return createReader(url, techniques[technique](), { ...options, wakes });
}
