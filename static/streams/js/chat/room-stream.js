// @ts-check
// A room as a stream, whatever gets through: over its socket, else by server-sent events and posts, else by polling.
//
// A way that fails while requests pass gives way to the next one on the ladder, at the same position: nothing is lost
// or doubled. The tab remembers it for a while; then, or when the network is another, the socket is tried again.

import { browserClock, createListeners } from "../connection.js";
import { onLongHidden } from "../hidden.js";
import { placeWakes } from "../wake.js";
import { createKnownWay } from "./known-way.js";
import { createPosts } from "./room-posts.js";
import { passesHttp, passesSocket } from "./room-trials.js";
import { LADDER, liveOf, overHttp, overWebSocket } from "./room-ways.js";
import { createSuspicion } from "./suspicion.js";

/** @typedef {import("../connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./room-ways.js").Way} Way */

const HIDDEN_MS = 300_000; // HTTP/1.1 has six connections to a host: a tab that nobody looks at gives its one back

/**
 * @param {object} room
 * @param {string} room.socket  paths of its socket, its operations, and of all topics
 * @param {string} room.ops
 * @param {string} [room.events]
 * @param {string} room.topic  of its log
 * @param {string} room.from  the position to follow from
 * @param {string} [room.passing]  the same of what passes
 * @param {() => string} room.token  against forged posts
 * @param {object} [env]
 * @param {import("../connection.js").Clock} [env.clock]
 * @param {() => number} [env.random]
 * @param {() => boolean} [env.isOnline]
 * @param {import("../wake.js").Wakes} [env.wakes]
 * @param {Storage | null} [env.storage]  of the tab
 * @param {Pick<Document, "visibilityState" | "addEventListener">} [env.document]
 * @param {typeof globalThis.fetch} [env.fetch]
 * @param {typeof globalThis.WebSocket} [env.WebSocket]
 */
export function createRoomStream({ socket, ops, events: url = "/events", topic, from, passing = "", token }, env = {}) {
  const { clock = browserClock, storage = null, document = globalThis.document, WebSocket = globalThis.WebSocket } = env;
  const { wakes = placeWakes(clock), fetch = globalThis.fetch.bind(globalThis) } = env;
  const asking = { fetch, headers: {}, credentials: /** @type {const} */ ("same-origin"), clock };
  const post = createPosts(ops, { fetch, clock, token });
  const known = createKnownWay(LADDER, { storage, clock });
  const [events, gaps, notices, controls, states] = Array.from({ length: 5 }, () => /** @type {any} */ (createListeners()));
  const counted = { events: 0, bytes: 0, openings: 0 };
  let { technique } = known;
  let isOpen = false;
  let trying = false;
  let isElsewhere = false; // the network may be another one by now
  let stopWaking = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} until the socket is tried again */
  let timer;
  let way = create(from);

  /** @param {string} position @returns {Way} */
  function create(position) {
    const options = { ...env, clock, wakes, from: position };
    const made = technique === "WebSocket"
      ? overWebSocket({ socket, WebSocket }, options)
      : overHttp(/** @type {"SSE" | "long polling"} */ (technique), { events: url, topic, asking, post, passing }, options);
    const suspicion = createSuspicion({ clock });
    const mine = (/** @type {(value: any) => void} */ emit) => (/** @type {any} */ value) => void (way === made && emit(value));
    made.reader.onEvent(mine((envelope) => {
      counted.events += 1;
      if (envelope.topic === liveOf(topic) && envelope.id) passing = envelope.id;
      events.emit(envelope);
    }));
    made.reader.onGap(mine((gap) => gap.topic !== liveOf(topic) && gaps.emit(gap)));
    made.reader.onNotice(mine(notices.emit));
    made.onControl(mine((frame) => {
      passing = frame.data?.present?.position ?? passing;
      controls.emit(frame);
    }));
    made.reader.onState(mine((state) => {
      suspicion.saw(state);
      if (state.name === "live") lives();
      states.emit(told());
      if (state.name === "waiting" && suspicion.isEnough) void giveUp(made);
    }));
    return made;
  }

  /** @returns {ConnectionState} */
  const told = () => (technique === LADDER[0] ? way.reader.state : { ...way.reader.state, over: technique });

  function lives() {
    counted.openings += 1;
    const left_ms = known.keep(technique);
    clock.clearTimeout(timer);
    if (technique !== LADDER[0]) timer = clock.setTimeout(() => void climb(), isElsewhere ? 0 : left_ms);
    isElsewhere = false;
  }

  /** @param {string} next */
  function change(next) {
    const old = way;
    technique = next;
    counted.bytes += old.reader.statistics.bytes;
    way = create(old.position);
    old.reader.close();
    way.reader.open();
  }

  /** If requests pass, it is the way: take the next. @param {Way} failed */
  async function giveUp(failed) {
    const passes = await passesHttp(url, topic, asking);
    if (passes && way === failed && isOpen && failed.reader.state.name !== "live") {
      change(LADDER[(LADDER.indexOf(technique) + 1) % LADDER.length]);
    }
  }

  /** Back to the socket, if one passes by now. */
  async function climb() {
    if (trying || way.reader.state.name !== "live" || technique === LADDER[0]) return;
    trying = true;
    const passes = await passesSocket(socket, { WebSocket, clock });
    trying = false;
    known.renew();
    if (technique === LADDER[0] || way.reader.state.name !== "live") return;
    if (passes) change(LADDER[0]);
    else timer = clock.setTimeout(() => void climb(), known.keep(technique));
  }

  onLongHidden(
    { rest: () => technique !== LADDER[0] && way.reader.close(), back: () => isOpen && way.reader.open() },
    { document, clock, ms: HIDDEN_MS },
  );
  return {
    open() {
      if (!isOpen) stopWaking = wakes((hard) => void (isElsewhere ||= hard));
      isOpen = true;
      way.reader.open();
    },
    close() {
      isOpen = false;
      stopWaking();
      clock.clearTimeout(timer);
      way.reader.close();
    },
    onEvent: events.add,
    /** Of the log alone: what passes and was missed is nobody's loss. */
    onGap: gaps.add,
    onNotice: notices.add,
    onControl: controls.add,
    onState: states.add,
    get state() { return told(); },
    get technique() { return technique; },
    get lastEventId() { return way.position; },
    get statistics() {
      const { bytes, opened_at_ms } = way.reader.statistics;
      return { events: counted.events, bytes: counted.bytes + bytes, reconnects: Math.max(0, counted.openings - 1), opened_at_ms };
    },
    wake: (hard = false) => way.reader.wake(hard),
    cut: () => way.reader.cut(),
    ask: (/** @type {object} */ operation) => way.ask(operation),
    /** Now, by a post where nothing else is open yet: for what is done once however often it is asked. */
    reach: (/** @type {object} */ operation) => (way.reader.state.name === "live" ? way.ask(operation) : post(operation)),
    send: (/** @type {object} */ operation) => way.send(operation),
    /** Go on after `id` instead: something newer was read elsewhere. @param {string} id */
    resumeFrom: (id) => way.resumeFrom(id),
  };
}
