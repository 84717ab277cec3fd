// @ts-check
// Server-sent events over fetch: unlike EventSource it gives every type, says why it was refused, and hears heartbeats.

import { createBody, drive } from "./body.js";
import { createSseParser } from "./sse-parser.js";

/** @typedef {import("./connection.js").Frame} Frame */

/**
 * What an event of the stream says: in a stream of several topics its data is the whole envelope.
 * @param {import("./sse-parser.js").SseEvent} event
 * @param {boolean} many
 * @returns {Frame}
 * @throws {SyntaxError}
 */
export function frameOf({ type, data, lastEventId }, many) {
  const value = JSON.parse(data);
  if (many) return value;
  return type.startsWith("stream.") ? { type, data: value } : { id: lastEventId, type, data: value };
}

/**
 * @param {import("./body.js").Asking} asking
 * @returns {(reading: import("./reader.js").Reading) => import("./reader.js").Technique}
 */
export const sse = (asking) => ({ place, positions, receive }) => ({
  limits: { opening_ms: 20_000, silence_ms: 45_000 }, // three heartbeats
  canStall: true,
  connect(link) {
    const body = createBody(asking, link);
    let turnedAway = false; // what comes first is why there is no stream
    const parser = createSseParser({
      onEvent(event) {
        turnedAway ||= event.type === "stream.error";
        if (!turnedAway) link.opened();
        receive(link, frameOf(event, place.many));
      },
      onId(id) {
        receive(link, { type: "stream.open", data: { last_event_id: id } });
        if (!turnedAway) link.opened();
      },
      onRetry: link.retryIn,
    });
    void drive(link, () => body.read(place.address(positions.joint), "text/event-stream", parser.feed));
    return body;
  },
});
