// A page and a server in memory, and what the page was told.

import { createStream } from "../../../static/streams/js/streams.js";
import { createEventSource, createFetch, createWebSocket } from "./browser.mjs";
import { createClock, createRandom } from "./clock.mjs";
import { Server } from "./server.mjs";

export const TECHNIQUES = ["sse", "eventsource", "ndjson", "poll", "websocket"];
export const ONE = "http://site.test/events/a";
export const TWO = "http://site.test/events?topic=a&topic=b";

export function createWorld({ seed = 1 } = {}) {
  const clock = createClock();
  const server = new Server(clock);
  const random = createRandom(seed);
  const WebSocket = createWebSocket(server);
  const env = {
    clock, random, WebSocket, fetch: createFetch(server), EventSource: createEventSource(server), isOnline: () => true,
  };
  return {
    clock, server, random, WebSocket, env,
    /** A stream with notes of all that it tells: events, ids, gaps, states. */
    stream(url, options) { return watch(createStream(url, { ...env, ...options })); },
  };
}

export function watch(stream) {
  const notes = { stream, events: [], gaps: [], states: [] };
  stream.onEvent((envelope) => notes.events.push(envelope));
  stream.onGap((gap) => notes.gaps.push(gap));
  stream.onState((state) => notes.states.push(state));
  return Object.defineProperties(notes, {
    ids: { get: () => notes.events.map(({ id }) => id) },
    data: { get: () => notes.events.map(({ data }) => data) },
    names: { get: () => notes.states.map(({ name }) => name) },
    reason: { get: () => notes.states.at(-1)?.reason },
  });
}

/** The numbers from `first` to `last`. */
export const range = (first, last) => Array.from({ length: last - first + 1 }, (_, at) => first + at);
