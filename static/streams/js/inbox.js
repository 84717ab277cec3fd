// @ts-check
// What comes from the server is given to the listeners once, and moves the position.

import { createListeners } from "./connection.js";
import { createPositions } from "./positions.js";

/** @typedef {import("./connection.js").Envelope} Envelope */
/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {import("./connection.js").Gap} Gap */

/**
 * @param {ReturnType<typeof import("./place.js").readPlace>} place
 * @param {string} [from]  where to begin: an id, "earliest", "-N" for the last N; empty: from now on
 */
export function createInbox(place, from) {
  const positions = createPositions(place.topics, from || place.from);
  const events = /** @type {ReturnType<typeof createListeners<Envelope>>} */ (createListeners());
  const gaps = /** @type {ReturnType<typeof createListeners<Gap>>} */ (createListeners());
  const notices = /** @type {ReturnType<typeof createListeners<string>>} */ (createListeners());
  let given = 0;
  let log = ""; // the topic of a reader whose URL names none, as the server told it: a room's

  /** Whether a frame is of what passes beside the log: it is given, and has no position. @param {string} topic */
  const isPassing = (topic) => Boolean(log && topic && topic !== log);

  return {
    positions,
    onEvent: events.add,
    onGap: gaps.add,
    /** What an operator tells the people behind this connection. */
    onNotice: notices.add,
    /** How many events were given. */
    get given() { return given; },
    /** Events that were seen pass unseen; so does what a newer server may say of its own. @param {Frame} frame */
    receive({ id, topic = place.topics[0], type, data, time }) {
      if (type === "stream.notice") notices.emit(String(data?.text ?? ""));
      else if (type === "stream.open") {
        if (place.topics[0] === "") log = topic;
        positions.adopt(data?.last_event_id ?? "");
      } else if (type === "stream.gap") {
        if (!isPassing(topic)) positions.jump(topic, data.resumed_at);
        gaps.emit({ topic, ...data });
      } else if (id && (isPassing(topic) || positions.take(topic, id))) {
        given += 1;
        events.emit({ id, topic, type, data, time });
      }
    },
  };
}
