// @ts-check
// A reader of topics: a place, a position, and a technique that brings what the server says, over and over again.

import { browserClock } from "./connection.js";
import { waitOf } from "./failures.js";
import { createInbox } from "./inbox.js";
import { readPlace } from "./place.js";
import { createReconnecting } from "./reconnecting.js";
import { placeWakes } from "./wake.js";

/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {import("./reconnecting.js").Link} Link */

/**
 * What a technique has to work with.
 * @typedef {object} Reading
 * @property {import("./place.js").Place} place
 * @property {ReturnType<typeof createInbox>["positions"]} positions
 * @property {(link: Link, frame: Frame) => void} receive  takes what the server says, in its order
 */

/**
 * @typedef {object} Technique
 * @property {import("./reconnecting.js").Limits} limits
 * @property {(link: Link) => import("./reconnecting.js").Connection} connect
 * @property {boolean} canStall
 */

/**
 * @typedef {object} ReaderOptions
 * @property {string} [from]  where to begin: an id, "earliest", "-N" for the last N; empty: from now on
 * @property {import("./connection.js").Clock} [clock]
 * @property {() => number} [random]
 * @property {() => boolean} [isOnline]
 * @property {import("./wake.js").Wakes} [wakes]
 */

const browserIsOnline = () => globalThis.navigator?.onLine !== false;

/**
 * @param {string} url
 * @param {(reading: Reading) => Technique} createTechnique
 * @param {ReaderOptions} options
 */
export function createReader(url, createTechnique, options) {
  const { clock = browserClock, random = Math.random, isOnline = browserIsOnline, wakes = placeWakes(clock) } = options;
  const place = readPlace(url);
  const inbox = createInbox(place, options.from);
  const { positions } = inbox;

  /** @param {Link} link @param {Frame} frame */
  function receive(link, frame) {
    if (!link.alive) return;
    const { type, data } = frame;
    if (type === "stream.close") link.farewell(data ?? {});
    else if (type === "stream.error") link.farewell({ reason: data?.code, atLeast_ms: waitOf(data?.retry_after_s) });
    else if (type === "stream.open" && data?.retry_ms) link.retryIn(data.retry_ms);
    inbox.receive(frame);
  }

  const technique = createTechnique({ place, positions, receive });
  const connection = createReconnecting({ ...technique, clock, random, isOnline, wakes });

  return {
    open: connection.open,
    close: connection.close,
    onEvent: inbox.onEvent,
    onGap: inbox.onGap,
    onNotice: inbox.onNotice,
    onState: connection.onState,
    get state() { return connection.state; },
    get lastEventId() { return positions.joint; },
    wake: connection.wake,
    get statistics() { return { events: inbox.given, ...connection.statistics }; },
    cut: connection.cut,
    stall: connection.stall,
    canStall: technique.canStall,
  };
}
