// @ts-check
// A reader over WebSocket: envelopes in, requests out, and a position from which every new connection resumes.
//
//   connecting -> live -> waiting -> connecting …     refused and closed are final until open() is called again

import { createBackoff } from "./backoff.js";
import { browserClock, createListeners } from "./connection.js";
import { isAfter } from "./position.js";

/** @typedef {import("./connection.js").Envelope} Envelope */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {{ op: "ack", ref: number, id?: string } | { op: "error", ref: number, error: { code: string, message: string, retryable: boolean } }} Answer */

/** @type {Record<number, string>} Close codes after which a new attempt can't help. */
const FINAL_CODES = { 4401: "sign_in", 4403: "forbidden", 4404: "not_found", 4410: "kicked" };
/** @type {Record<number, string>} */
const PASSING_CODES = { 1012: "restart", 4408: "lagged", 4429: "limit" };

const OPEN_TIMEOUT_MS = 10_000; // no stream.open by then: the connection is stuck behind something
const STEADY_MS = 10_000; // a connection that lived this long was a good one
const LIMIT_WAIT_MS = 8_000; // the least wait after being told of a limit

/**
 * @param {object} options
 * @param {string} options.url  ws: or wss:, without the position
 * @param {string | null} options.position  the id after which to resume; null: from now on
 * @param {(url: string) => WebSocket} [options.connect]
 * @param {import("./connection.js").Clock} [options.clock]
 * @param {() => number} [options.random]
 * @param {() => boolean} [options.isOnline]
 */
export function createWebSocketClient({
  url,
  position,
  connect = (address) => new WebSocket(address),
  clock = browserClock,
  random = Math.random,
  isOnline = () => navigator.onLine,
}) {
  const events = /** @type {ReturnType<typeof createListeners<Envelope>>} */ (createListeners());
  const answers = /** @type {ReturnType<typeof createListeners<Answer>>} */ (createListeners());
  const states = /** @type {ReturnType<typeof createListeners<ConnectionState>>} */ (createListeners());
  const backoff = createBackoff({ random });
  /** @type {ConnectionState} */
  let state = { name: "closed" };
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let liveSince_ms = 0;
  /** @type {{ reason: string, reconnect: boolean } | null} What the server said before it closed. */
  let farewell = null;

  /** @param {ConnectionState} next */
  function become(next) {
    state = next;
    states.emit(next);
  }

  function start() {
    clock.clearTimeout(timer);
    drop();
    farewell = null;
    become({ name: "connecting" });
    const query = position ? `?last_event_id=${encodeURIComponent(position)}` : "";
    const current = connect(url + query);
    socket = current;
    current.onmessage = (message) => socket === current && receive(message.data);
    current.onclose = (event) => socket === current && lost(event.code);
    timer = clock.setTimeout(() => socket === current && lost(0, "silent"), OPEN_TIMEOUT_MS);
  }

  /** @param {unknown} text */
  function receive(text) {
    const frame = parse(text);
    if (!frame) return;
    if (frame.op === "ack" || frame.op === "error") return answers.emit(frame);
    if (typeof frame.type !== "string" || (frame.id && !isAfter(frame.id, position))) return;
    if (frame.type === "stream.close") farewell = frame.data ?? null;
    if (frame.type === "stream.open" && state.name !== "live") {
      clock.clearTimeout(timer);
      liveSince_ms = clock.now();
      become({ name: "live" });
    }
    events.emit(frame);
    if (frame.id) position = frame.id;
  }

  /** @param {number} code @param {string} [why] */
  function lost(code, why) {
    const steady = state.name === "live" && clock.now() - liveSince_ms >= STEADY_MS;
    drop();
    if (steady) backoff.reset();
    const reason = FINAL_CODES[code] ?? farewell?.reason ?? PASSING_CODES[code] ?? why ?? "lost";
    if (FINAL_CODES[code] || farewell?.reconnect === false) return become({ name: "refused", reason });
    const wait_ms = reason === "limit" ? Math.max(LIMIT_WAIT_MS, backoff.next()) : backoff.next();
    timer = clock.setTimeout(start, wait_ms);
    become({ name: isOnline() ? "waiting" : "offline", retry_at_ms: clock.now() + wait_ms, reason });
  }

  function drop() {
    clock.clearTimeout(timer);
    const old = socket;
    socket = null;
    if (old && old.readyState < 2) old.close(1000);
  }

  return {
    onEvent: events.add,
    onAnswer: answers.add,
    onState: states.add,
    get state() {
      return state;
    },
    open: start,
    close() {
      drop();
      become({ name: "closed" });
    },
    /** Resume the next connection after `id` (a history that was read again is newer than the stream). */
    resumeFrom: (/** @type {string} */ id) => void (position = id),
    /** Look again now. `hard` gives up an open connection too. Does nothing where the server refused. */
    wake(hard = false) {
      if (state.name === "waiting" || state.name === "offline" || (hard && state.name === "live")) start();
    },
    /** @param {object} request @returns {boolean} whether it went out */
    send(request) {
      if (state.name !== "live" || socket?.readyState !== 1) return false;
      socket.send(JSON.stringify(request));
      return true;
    },
  };
}

/** @param {unknown} text @returns {any} an object, or null for what is none */
function parse(text) {
  try {
    const value = JSON.parse(String(text));
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
