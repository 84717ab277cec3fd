// @ts-check
// What gets through between this page and the server: asked once, without a room being any the wiser.

import { readPlace } from "../place.js";

const PATIENCE_MS = 5_000;

/**
 * Whether requests are answered, by whatever is not the failure of something on the way.
 * @param {string} url  of all topics
 * @param {string} topic
 * @param {import("../body.js").Asking} asking
 */
export async function passesHttp(url, topic, { fetch, headers, credentials, clock }) {
  const controller = new AbortController();
  const late = clock.setTimeout(() => controller.abort(), PATIENCE_MS);
  const { signal } = controller;
  try {
    const address = readPlace(`${url}?topic=${encodeURIComponent(topic)}`).address("", { timeout: "0" });
    const response = await fetch(address, { headers: { ...headers, Accept: "application/json" }, credentials, cache: "no-store", signal });
    return response.status < 500;
  } catch {
    return false;
  } finally {
    clock.clearTimeout(late);
  }
}

/**
 * Whether a socket to `path` is opened and says `stream.open`.
 * @param {string} path
 * @param {{ WebSocket: typeof globalThis.WebSocket, clock: import("../connection.js").Clock }} env
 * @returns {Promise<boolean>}
 */
export function passesSocket(path, { WebSocket, clock }) {
  return new Promise((resolve) => {
    const socket = new WebSocket(readPlace(path).socketAddress([""], ""));
    const late = clock.setTimeout(() => done(false), PATIENCE_MS);
    /** @param {boolean} passes */
    function done(passes) {
      clock.clearTimeout(late);
      socket.onmessage = socket.onclose = null;
      socket.close(1000);
      resolve(passes);
    }
    socket.onmessage = ({ data }) => done(typeof data === "string" && data.includes('"stream.open"'));
    socket.onclose = () => done(false);
  });
}
