// @ts-check
// The operations of a room by request, for when there is no socket: the same answers, and the same failures.

import { RequestFailed } from "../requests.js";

/** @typedef {import("../websocket-technique.js").Refusal} Refusal */

const UNREACHED = { code: "unavailable", message: "The server could not be reached.", retryable: true };
const SILENT = { code: "timeout", message: "The server did not answer.", retryable: true };

/**
 * What an answer without a body of ours means: something between here and the server has made it.
 * @param {Pick<Response, "status">} response
 * @returns {Refusal}
 */
function foreign({ status }) {
  if (status >= 500 || status === 408 || status === 429) return UNREACHED;
  return { code: "unexpected", message: `The server answered ${status}.`, retryable: false };
}

/**
 * @param {string} url  of the room's operations
 * @param {{ fetch: typeof globalThis.fetch, clock: import("../connection.js").Clock, token: () => string, timeout_ms?: number }} options
 *   token: what the session's forms carry against forgery
 * @returns {(operation: object) => Promise<Record<string, any>>}  the acknowledgement; throws RequestFailed
 */
export function createPosts(url, { fetch, clock, token, timeout_ms = 15_000 }) {
  /** @param {object} operation @param {AbortSignal} signal */
  const send = (operation, signal) => fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(operation),
    cache: "no-store",
    signal,
  });

  return async (operation) => {
    const controller = new AbortController();
    const late = clock.setTimeout(() => controller.abort(), timeout_ms);
    try {
      const response = await send(operation, controller.signal);
      const body = await response.json().catch((error) => {
        if (controller.signal.aborted) throw error;
        return null;
      });
      if (response.ok && body) return body;
      throw new RequestFailed(body?.error?.code ? body.error : foreign(response));
    } catch (error) {
      if (error instanceof RequestFailed) throw error;
      throw new RequestFailed(controller.signal.aborted ? SILENT : UNREACHED);
    } finally {
      clock.clearTimeout(late);
    }
  };
}
