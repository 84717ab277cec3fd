// @ts-check
// A reader over server-sent events, by fetch: unlike EventSource it gives every type, sends its position in a header,
// says what state it is in, and notices a connection that has gone silent.
//
//   connecting -> live -> waiting -> connecting …     refused and closed are final until open() is called again

import { createBackoff } from "./backoff.js";
import { browserClock, createListeners } from "./connection.js";
import { createSseParser, SseTooLarge } from "./sse-parser.js";
import { judge, LOST } from "./sse-response.js";

/** @typedef {import("./connection.js").Envelope} Envelope */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {{ requested: string, resumed_at: string, lost: number | null, reason: string }} Gap */

const SILENCE_MS = 45_000; // three heartbeats
const STEADY_MS = 10_000;

/**
 * @param {object} options
 * @param {string} options.url
 * @param {string} [options.from]  where the first connection starts ("-100", "earliest", an id); empty: from now on
 * @param {typeof globalThis.fetch} [options.fetch]
 * @param {import("./connection.js").Clock} [options.clock]
 * @param {() => number} [options.random]
 * @param {() => boolean} [options.isOnline]
 */
export function createSseClient({
  url,
  from = "",
  fetch = globalThis.fetch.bind(globalThis),
  clock = browserClock,
  random = Math.random,
  isOnline = () => navigator.onLine,
}) {
  const events = /** @type {ReturnType<typeof createListeners<Envelope>>} */ (createListeners());
  const states = /** @type {ReturnType<typeof createListeners<ConnectionState>>} */ (createListeners());
  const gaps = /** @type {ReturnType<typeof createListeners<Gap>>} */ (createListeners());
  const backoff = createBackoff({ random });
  let lastEventId = "";
  /** @type {ConnectionState} */
  let state = { name: "closed" };
  /** @type {AbortController | null} */
  let attempt = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {{ reason: string, reconnect: boolean } | null} What the server said before it closed. */
  let farewell = null;

  const become = (/** @type {ConnectionState} */ next) => states.emit((state = next));

  async function start() {
    drop();
    const mine = (attempt = new AbortController());
    farewell = null;
    become({ name: "connecting" });
    let liveSince_ms = 0;
    let failure = LOST;
    watch();
    try {
      const response = await fetch(address(), { headers: headers(), cache: "no-store", signal: mine.signal });
      if (attempt !== mine) return;
      const refusal = judge(response);
      if (refusal) failure = refusal;
      else if (response.body) {
        liveSince_ms = clock.now();
        become({ name: "live" });
        await read(response.body, mine);
      }
    } catch (error) {
      if (error instanceof SseTooLarge) failure = { ...LOST, reason: "too_large", final: true };
    }
    if (attempt !== mine) return;
    if (liveSince_ms && clock.now() - liveSince_ms >= STEADY_MS) backoff.reset();
    end(failure);
  }

  /** @param {ReadableStream<Uint8Array>} stream @param {AbortController} mine */
  async function read(stream, mine) {
    const parser = createSseParser({
      onEvent: receive,
      onId: (id) => (lastEventId = id),
      onRetry: backoff.setMin,
    });
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || attempt !== mine) return;
      watch();
      parser.feed(value);
    }
  }

  /** @param {import("./sse-parser.js").SseEvent} event */
  function receive({ type, data, lastEventId: id }) {
    const value = parse(data);
    if (type === "stream.gap") return gaps.emit(value);
    if (type === "stream.close") farewell = value;
    events.emit({ id: type.startsWith("stream.") ? null : id, type, data: value });
  }

  /** @param {import("./sse-response.js").Failure} failure */
  function end({ reason, final, atLeast_ms }) {
    drop();
    const why = farewell?.reason ?? reason;
    if (final || farewell?.reconnect === false) return become({ name: "refused", reason: why });
    const wait_ms = Math.max(atLeast_ms, backoff.next());
    timer = clock.setTimeout(start, wait_ms);
    become({ name: isOnline() ? "waiting" : "offline", retry_at_ms: clock.now() + wait_ms, reason: why });
  }

  function watch() {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => end({ ...LOST, reason: "silent" }), SILENCE_MS);
  }

  function drop() {
    clock.clearTimeout(timer);
    attempt?.abort();
    attempt = null;
  }

  function address() {
    if (lastEventId || !from) return url;
    return `${url}${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(from)}`;
  }

  /** @returns {Record<string, string>} */
  const headers = () => ({ Accept: "text/event-stream", ...(lastEventId && { "Last-Event-ID": lastEventId }) });

  return {
    onEvent: events.add,
    onState: states.add,
    onGap: gaps.add,
    get state() {
      return state;
    },
    /** The position: what the next connection resumes after. */
    get lastEventId() {
      return lastEventId;
    },
    open: () => void start(),
    close() {
      drop();
      become({ name: "closed" });
    },
    /** Look again now. `hard` gives up an open connection too. Does nothing where the server refused. */
    wake(hard = false) {
      if (state.name === "waiting" || state.name === "offline" || (hard && state.name === "live")) void start();
    },
  };
}

/** @param {string} text @returns {any} the JSON value, or the text itself when it is none */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
