// @ts-check
// One connection for all tabs of a browser: a tab leads and holds it, the others follow, and when the leader leaves
// another one takes over from its own position. Over HTTP/1.1 a browser has six connections to a host, for all tabs.

import { createListeners } from "./connection.js";
import { createFollower } from "./follower.js";
import { createInbox } from "./inbox.js";
import { createLeader } from "./leader.js";
import { createLeadership } from "./leadership.js";
import { readPlace } from "./place.js";

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./connection.js").Stream} Stream */

const PROTOCOL = "streams/1"; // between tabs: pages of another version keep to themselves

/**
 * @param {string} url
 * @param {object} options
 * @param {string} [options.from]
 * @param {string} options.group  tabs of one group share; those of different people should not
 * @param {(from: string) => Stream} options.createOwn  a connection of this tab
 * @param {import("./body.js").Asking} options.asking
 * @param {() => number} options.random
 * @param {import("./wake.js").Wakes} options.wakes
 * @param {Pick<LockManager, "request">} options.locks
 * @param {typeof globalThis.BroadcastChannel} options.BroadcastChannel
 * @returns {Stream}
 */
export function createSharedStream(url, { from, group, createOwn, asking, random, wakes, locks, BroadcastChannel }) {
  const place = readPlace(url);
  const inbox = createInbox(place, from);
  const name = [PROTOCOL, place.key, group].join(" ");
  const states = /** @type {ReturnType<typeof createListeners<ConnectionState>>} */ (createListeners());
  /** @type {ConnectionState} */
  let state = { name: "closed" };
  /** @type {import("./leader.js").Role | null} */
  let role = null;
  /** @type {BroadcastChannel | null} */
  let channel = null;
  let opened = false;
  let stopWaking = () => {};
  const leadership = createLeadership({ locks, name, onLead: lead, onLose: follow, onUnavailable: lead });

  /** @param {import("./leader.js").Message} message */
  const post = (message) => channel?.postMessage(message);
  const wake = (/** @type {boolean} */ hard = false) => role?.wake(hard);

  /** @param {ConnectionState} next */
  function become(next) {
    if (next.name === "refused") leave();
    if (JSON.stringify(next) !== JSON.stringify(state)) states.emit((state = next));
  }

  function lead() {
    role?.stop();
    const stream = createOwn(inbox.positions.joint);
    const own = `${asking.clock.now()}.${random()}`;
    role = createLeader({ stream, name: own, inbox, post, onState: become, clock: asking.clock });
    stream.open();
  }

  function follow() {
    role?.stop();
    leadership.wait();
    role = createFollower({ place, inbox, post, onState: become, onSilence: leadership.take, asking, random });
  }

  /** @returns {BroadcastChannel | null} null where the browser's settings forbid it */
  function openChannel() {
    try {
      const made = new BroadcastChannel(name);
      made.onmessage = ({ data }) => role?.hear(data);
      return made;
    } catch {
      return null;
    }
  }

  function leave() {
    opened = false;
    stopWaking();
    role?.stop();
    role = null;
    leadership.leave();
    channel?.close();
    channel = null;
  }

  return {
    open() {
      if (opened) return;
      opened = true;
      channel = openChannel();
      become({ name: "connecting" });
      if (!opened) return;
      stopWaking = wakes(wake);
      if (channel) follow();
      else lead();
    },
    close() {
      leave();
      become({ name: "closed" });
    },
    onEvent: inbox.onEvent,
    onGap: inbox.onGap,
    onNotice: inbox.onNotice,
    onState: states.add,
    get state() { return state; },
    get lastEventId() { return inbox.positions.joint; },
    wake,
    get statistics() {
      return { bytes: 0, reconnects: 0, opened_at_ms: null, ...role?.statistics, events: inbox.given };
    },
    cut: () => role?.cut(),
    stall() {},
    canStall: false,
  };
}
