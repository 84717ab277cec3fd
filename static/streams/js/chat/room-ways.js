// @ts-check
// The ways to a room: its socket, or its two topics read over HTTP and its operations posted. One interface.
//
// The position is that of the room's log. What passes (`<topic>:live`) is given as it comes: it has none that counts.

import { createListeners } from "../connection.js";
import { poll } from "../poll-technique.js";
import { createReader } from "../reader.js";
import { createRequests, DISCONNECTED, RequestFailed } from "../requests.js";
import { sse } from "../sse-technique.js";
import { createSocket } from "../websocket-technique.js";

/** @typedef {import("../connection.js").Frame} Frame */
/** @typedef {import("../reader.js").ReaderOptions & { clock: import("../connection.js").Clock }} Options */

/**
 * @typedef {object} Way
 * @property {ReturnType<typeof createReader>} reader
 * @property {(listener: (frame: Frame) => void) => unknown} onControl  the server's own frames, `stream.open` first
 * @property {(operation: object) => Promise<Record<string, any>>} ask  the acknowledgement; throws RequestFailed
 * @property {(operation: object) => boolean} send  without asking whether it arrives; whether it went out
 * @property {(id: string) => void} resumeFrom
 * @property {string} position
 */

/** From the easiest for both sides to the one that gets through everywhere. */
export const LADDER = ["WebSocket", "SSE", "long polling"];

const OPENING_MS = 5_000; // a socket that is open and says nothing for so long leads to nobody
const OPENING_OF_BODY_MS = 10_000;

/** @param {string} topic  of the room's log */
export const liveOf = (topic) => `${topic}:live`;

/**
 * @param {{ socket: string, WebSocket: typeof globalThis.WebSocket }} room
 * @param {Options} options
 * @returns {Way}
 */
export function overWebSocket({ socket: path, WebSocket }, options) {
  const socket = createSocket({ WebSocket });
  /** @type {import("../reader.js").Reading["positions"]} */
  let positions;
  const reader = createReader(path, (reading) => {
    positions = reading.positions;
    const technique = socket.technique(reading);
    return { ...technique, limits: { ...technique.limits, opening_ms: OPENING_MS } };
  }, options);
  const send = (/** @type {object} */ operation) => reader.state.name === "live" && socket.send(operation);
  return {
    reader, send,
    onControl: socket.onControl,
    ask: createRequests({ send, onAnswer: socket.onAnswer, onState: reader.onState }, options).ask,
    resumeFrom: (id) => positions.adopt(id),
    get position() { return positions.joint; },
  };
}

/**
 * @param {"SSE" | "long polling"} technique
 * @param {{ events: string, topic: string, asking: import("../body.js").Asking, post: Way["ask"], passing: string }} room  events: the URL of all topics; passing: the position in what passes
 * @param {Options} options
 * @returns {Way}
 */
export function overHttp(technique, { events: url, topic, asking, post, passing }, options) {
  const controls = /** @type {ReturnType<typeof createListeners<Frame>>} */ (createListeners());
  const query = [topic, liveOf(topic)].map((name) => `topic=${encodeURIComponent(name)}`).join("&");
  /** @type {import("../reader.js").Reading["positions"]} */
  let positions;
  const reader = createReader(`${url}?${query}`, (reading) => {
    positions = reading.positions;
    const made = (technique === "SSE" ? sse : poll)(asking)({
      ...reading,
      receive(link, frame) {
        reading.receive(link, frame);
        if (frame.type.startsWith("stream.") && frame.type !== "stream.open") controls.emit(frame);
      },
    });
    return technique === "SSE" ? { ...made, limits: { ...made.limits, opening_ms: OPENING_OF_BODY_MS } } : made;
  }, { ...options, from: options.from && `${options.from},${passing}` });
  const position = () => positions.of(topic) ?? "";
  reader.onState(({ name }) => {
    if (name === "live") controls.emit({ type: "stream.open", data: { last_event_id: position() } });
  });
  const isLive = () => reader.state.name === "live";
  return {
    reader,
    onControl: controls.add,
    ask: (operation) => (isLive() ? post(operation) : Promise.reject(new RequestFailed(DISCONNECTED))),
    send: (operation) => isLive() && (void post(operation).catch(() => {}), true),
    resumeFrom: (id) => positions.jump(topic, id),
    get position() { return position(); },
  };
}
