// @ts-check
// Envelopes over WebSocket, a frame each; operations go up the same way, and their answers come down between the events.

import { createListeners } from "./connection.js";
import { GARBLED, LOST, waitOf } from "./failures.js";
import { utf8Length } from "./utf8.js";

/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {{ code: string, message: string, retryable: boolean, retry_after_s?: number }} Refusal */
/** @typedef {{ op: "ack", ref: any, [field: string]: any } | { op: "error", ref: any, error: Refusal }} Answer */

/** @type {Record<number, string>} Close codes after which a new attempt can't help. */
const FINAL_CODES = { 1009: "too_large", 4400: "invalid", 4401: "sign_in", 4403: "forbidden", 4404: "not_found", 4410: "kicked" };
/** @type {Record<number, string>} */
const PASSING_CODES = { 1011: "unavailable", 1012: "restart", 1013: "unavailable", 4408: "lagged", 4429: "limit" };

const OPEN = 1; // WebSocket.OPEN
const LIMIT_WAIT_MS = 8_000; // the least wait after being told of a limit, and not for how long
const PING = JSON.stringify({ op: "ping", ref: "ping" }); // a page never sees the pings of the protocol

/** @param {number} code @param {number} [retry_after_s]  what the server asked for before it @returns {Failure} */
function failureOfCode(code, retry_after_s) {
  if (FINAL_CODES[code]) return { reason: FINAL_CODES[code], final: true, atLeast_ms: 0 };
  const reason = PASSING_CODES[code];
  return reason ? { reason, final: false, atLeast_ms: reason === "limit" ? waitOf(retry_after_s) || LIMIT_WAIT_MS : 0 } : LOST;
}

/** @param {{ WebSocket: typeof globalThis.WebSocket }} means */
export function createSocket({ WebSocket }) {
  const answers = /** @type {ReturnType<typeof createListeners<Answer>>} */ (createListeners());
  const controls = /** @type {ReturnType<typeof createListeners<Frame>>} */ (createListeners());
  /** @type {WebSocket | null} */
  let current = null;
  /** @type {Set<string>} topics that are being subscribed to: their events may overtake the answer */
  const expected = new Set();

  /** @type {(reading: import("./reader.js").Reading) => import("./reader.js").Technique} */
  const technique = ({ place, positions, receive }) => ({
    limits: { opening_ms: 10_000, silence_ms: 20_000, answer_ms: 10_000 },
    canStall: false,
    connect(link) {
      /** @type {{ retry_after_s?: number } | null} the newest error of the server's own */
      let told = null;
      const socket = (current = new WebSocket(place.socketAddress(positions.topics, positions.joint)));

      /** @param {any} frame */
      function take(frame) {
        if (frame.op === "ack" || frame.op === "error") return answers.emit(frame);
        const { topic, type, data } = /** @type {Frame} */ (frame);
        if (topic && expected.has(topic) && positions.of(topic) === undefined) positions.jump(topic, "");
        if (type === "stream.error") told = data; // it may be about one operation: a close code follows, or none
        else receive(link, frame);
        if (type === "stream.open") link.opened();
        if (type.startsWith("stream.") && link.alive) controls.emit(frame);
      }

      socket.onmessage = ({ data }) => {
        if (!link.alive || typeof data !== "string") return;
        link.heard(utf8Length(data));
        try {
          take(JSON.parse(data));
        } catch {
          link.ended(GARBLED);
        }
      };
      socket.onclose = ({ code }) => link.ended(failureOfCode(code, told?.retry_after_s));
      return {
        drop: () => void (socket.readyState <= OPEN && socket.close(1000)),
        probe: () => socket.send(PING),
      };
    },
  });

  return {
    technique,
    expected,
    onAnswer: answers.add,
    /** The server's own frames as they came, `stream.open` and `stream.error` among them. */
    onControl: controls.add,
    /** @param {object} operation @returns {boolean} whether it went out */
    send(operation) {
      if (current?.readyState !== OPEN) return false;
      current.send(JSON.stringify(operation));
      return true;
    },
  };
}
