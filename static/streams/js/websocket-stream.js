// @ts-check
// A reader over WebSocket that also writes: topics come and go while it is open, and events are published.

import { browserClock } from "./connection.js";
import { createReader } from "./reader.js";
import { createRequests, DISCONNECTED, RequestFailed } from "./requests.js";
import { createSocket } from "./websocket-technique.js";

/** @typedef {{ topic: string, last_event_id: string }} Subscription */

const PATIENCE_MS = 15_000; // for a connection, before an operation is given up
const ENDED = { code: "closed", message: "The connection is closed.", retryable: false };

/**
 * @param {string} url  http(s) or ws(s), absolute or relative to the page; `/events` alone reads nothing yet
 * @param {import("./reader.js").ReaderOptions & { WebSocket?: typeof globalThis.WebSocket }} [options]
 */
export function createWebSocketStream(url, { WebSocket = globalThis.WebSocket, ...options } = {}) {
  const { clock = browserClock } = options;
  const socket = createSocket({ WebSocket });
  /** @type {import("./reader.js").Reading["positions"]} */
  let positions;
  const reader = createReader(url, (reading) => {
    positions = reading.positions;
    return socket.technique(reading);
  }, options);
  const send = (/** @type {object} */ operation) => reader.state.name === "live" && socket.send(operation);
  const requests = createRequests({ send, onAnswer: socket.onAnswer, onState: reader.onState }, { clock });

  /** @returns {Promise<void>} when the connection is live; rejects when it will not be, or not soon */
  function live() {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { name } = reader.state;
        if (name === "live") settle(resolve);
        else if (name === "closed" || name === "refused") settle(() => reject(new RequestFailed(ENDED)));
      };
      const settle = (/** @type {() => void} */ how) => {
        clock.clearTimeout(timer);
        stop();
        how();
      };
      const stop = reader.onState(look);
      const timer = clock.setTimeout(() => settle(() => reject(new RequestFailed(DISCONNECTED))), PATIENCE_MS);
      look();
    });
  }

  return Object.assign(reader, {
    /** Send without asking whether it arrives. @returns whether it went out */
    send,
    onAnswer: socket.onAnswer,
    onControl: socket.onControl,
    /** Send now and wait for the acknowledgement; fails at once where the connection is not live. */
    ask: requests.ask,
    /** Go on after `id` instead: something newer than the stream was read elsewhere. @param {string} id */
    resumeFrom: (id) => positions.adopt(id),
    /**
     * Read one more topic, from now on or from `from`; it stays across reconnects.
     * @param {string} topic
     * @param {{ from?: string }} [where]
     * @returns {Promise<Subscription>} the position from which its events come
     * @throws {RequestFailed} `code` says why
     */
    async subscribe(topic, { from } = {}) {
      await live();
      const position = positions.of(topic);
      if (position !== undefined) return { topic, last_event_id: position };
      socket.expected.add(topic);
      try {
        const { last_event_id } = await requests.ask({ op: "subscribe", topic, last_event_id: from });
        if (positions.of(topic) === undefined) positions.jump(topic, last_event_id);
        return { topic, last_event_id };
      } finally {
        socket.expected.delete(topic);
      }
    },
    /**
     * Read a topic no longer: none of its events comes after this is fulfilled.
     * @param {string} topic
     * @returns {Promise<Subscription>} the position to subscribe from again
     * @throws {RequestFailed}
     */
    async unsubscribe(topic) {
      await live();
      const { last_event_id } = await requests.ask({ op: "unsubscribe", topic });
      positions.remove(topic);
      return { topic, last_event_id };
    },
    /**
     * Append an event; fulfilled after the commit. With a `key` it is safe to try again after "disconnected".
     * @param {string} topic
     * @param {{ type?: string, data: any, key?: string }} event
     * @returns {Promise<{ id: string }>}
     * @throws {RequestFailed}
     */
    async publish(topic, { type, data, key }) {
      await live();
      const { id } = await requests.ask({ op: "publish", topic, type, data, key });
      return { id };
    },
  });
}
