// @ts-check
// A connection that comes back: the one mechanism for back-off, silence, farewells and waking, whatever the technique.
//
//   connecting -> live -> waiting -> connecting …     refused and closed are final until open() is called again

import { createBackoff } from "./backoff.js";
import { createListeners } from "./connection.js";
import { failureOf, LOST, SILENT } from "./failures.js";
import { createSilenceWatch } from "./silence.js";

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {{ reason?: string, reconnect?: boolean, atLeast_ms?: number }} Farewell */

/**
 * How a technique tells of the connection that it was asked for. Deaf as soon as that connection is given up.
 * @typedef {object} Link
 * @property {boolean} alive
 * @property {() => void} opened  the stream is here
 * @property {(bytes?: number) => void} heard  a sign of life
 * @property {(ms: number) => void} retryIn  what the server asks for as a first wait
 * @property {(said: Farewell) => void} farewell  the server is about to end it
 * @property {(failure: Failure) => void} ended
 */

/**
 * What a technique gives in return.
 * @typedef {object} Connection
 * @property {() => void} drop
 * @property {() => void} [probe]  ask for a sign of life
 * @property {(ms: number) => void} [stall]  stop reading for so long
 */

/**
 * @typedef {object} Limits
 * @property {number} opening_ms  from the attempt to the stream
 * @property {number} silence_ms  without a sign of life
 * @property {number} [answer_ms]  to a probe; without it silence is taken for death
 */

const STEADY_MS = 10_000; // a connection that lived this long was a good one

/**
 * @param {object} options
 * @param {(link: Link) => Connection} options.connect
 * @param {Limits} options.limits
 * @param {import("./connection.js").Clock} options.clock
 * @param {() => number} options.random
 * @param {() => boolean} options.isOnline
 * @param {import("./wake.js").Wakes} options.wakes
 */
export function createReconnecting({ connect, limits, clock, random, isOnline, wakes }) {
  const { opening_ms, silence_ms, answer_ms } = limits;
  const states = /** @type {ReturnType<typeof createListeners<ConnectionState>>} */ (createListeners());
  const backoff = createBackoff({ random });
  const silence = createSilenceWatch({ clock, onSilence: () => end(SILENT) });
  const probe = answer_ms ? { ask: () => connection?.probe?.(), answer_ms } : null;
  /** @type {ConnectionState} */
  let state = { name: "closed" };
  /** @type {Link | null} the attempt that counts */
  let link = null;
  /** @type {Connection | null} */
  let connection = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} until the next attempt */
  let timer;
  /** @type {number | null} */
  let opened_at_ms = null;
  let [openings, bytes] = [0, 0];
  /** @type {Farewell} */
  let farewell = {};
  let stopWaking = () => {};

  const become = (/** @type {ConnectionState} */ next) => states.emit((state = next));

  function start() {
    drop();
    farewell = {};
    const mine = (link = createLink());
    silence.begin(opening_ms);
    become({ name: "connecting" });
    if (!mine.alive) return;
    try {
      connection = connect(mine);
    } catch (error) {
      mine.ended(failureOf(error));
    }
  }

  /** @returns {Link} */
  function createLink() {
    /** @type {Link} */
    const mine = {
      get alive() { return link === mine; },
      opened() {
        if (!mine.alive || opened_at_ms !== null) return;
        opened_at_ms = clock.now();
        openings += 1;
        silence.begin(silence_ms, probe);
        become({ name: "live" });
      },
      heard(count = 0) {
        if (!mine.alive) return;
        bytes += count;
        silence.heard();
      },
      retryIn(ms) { if (mine.alive && !farewell.atLeast_ms) backoff.setMin(ms); }, // else that is for this once
      farewell(said) { if (mine.alive) farewell = said; },
      ended(failure) { if (mine.alive) end(failure); },
    };
    return mine;
  }

  /** @param {Failure} failure */
  function end({ reason, final, atLeast_ms }) {
    if (opened_at_ms !== null && clock.now() - opened_at_ms >= STEADY_MS) backoff.reset();
    drop();
    const why = (!final && farewell.reason) || reason;
    if (final || farewell.reconnect === false) return leave({ name: "refused", reason: why });
    const wait_ms = Math.max(atLeast_ms, farewell.atLeast_ms ?? 0) + backoff.next(); // what is asked of all is not done by all in the same moment
    timer = clock.setTimeout(start, wait_ms);
    become({ name: isOnline() ? "waiting" : "offline", retry_at_ms: clock.now() + wait_ms, reason: why });
  }

  function drop() {
    clock.clearTimeout(timer);
    silence.stop();
    const old = connection;
    link = connection = opened_at_ms = null;
    old?.drop();
  }

  /** @param {ConnectionState} next  until open() is called again */
  function leave(next) {
    stopWaking();
    stopWaking = () => {};
    drop();
    become(next);
  }

  function wake(hard = false) {
    if (state.name === "waiting" || state.name === "offline" || (hard && link)) start();
  }

  return {
    onState: states.add,
    get state() { return state; },
    get statistics() { return { bytes, reconnects: Math.max(0, openings - 1), opened_at_ms }; },
    open() {
      if (link) return;
      stopWaking();
      stopWaking = wakes(wake);
      start();
    },
    close: () => leave({ name: "closed" }),
    wake,
    cut: () => link?.ended(LOST),
    /** @param {number} ms */
    stall(ms) {
      if (!connection?.stall) return;
      connection.stall(ms);
      silence.pause(ms);
    },
  };
}
