// @ts-check
// The browser's own EventSource. It hides the opening position, the heartbeats, the status of a refusal, and every type
// that nobody listens for: what it hides is asked of the log, by a long poll that does not wait.

import { drive } from "./body.js";
import { createCatchingUp } from "./catching-up.js";
import { failureOf, LOST, SILENT } from "./failures.js";
import { askNow, hasNews } from "./poll-technique.js";
import { distance } from "./position.js";
import { frameOf } from "./sse-technique.js";
import { utf8Length } from "./utf8.js";

/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {import("./body.js").Asking & { EventSource: typeof globalThis.EventSource, random: () => number }} Means */

const OWN_TYPES = ["message", "stream.gap", "stream.close", "stream.error", "stream.notice"];

/**
 * @param {Means & { types: string[] }} means  types: those to listen for from the start; others are learned
 * @returns {(reading: import("./reader.js").Reading) => import("./reader.js").Technique}
 */
export function eventsource({ types, ...means }) {
  const known = new Set([...OWN_TYPES, ...types]);
  return (reading) => ({
    limits: { opening_ms: 20_000, silence_ms: 45_000, answer_ms: 20_000 },
    canStall: false,
    connect: (link) => connect(link, reading, means, known),
  });
}

/**
 * Its own reconnecting is not used: it has no back-off and no jitter, and a 502 ends it for good. Whatever its error
 * was, the next connection begins by asking the log, whose answer has a status.
 * @param {import("./reconnecting.js").Link} link
 * @param {import("./reader.js").Reading} reading
 * @param {Means} means
 * @param {Set<string>} known  types that are listened for
 * @returns {import("./reconnecting.js").Connection}
 */
function connect(link, { place, positions, receive }, { EventSource, random, ...asking }, known) {
  /** @type {ReturnType<typeof askNow> | null} the newest */
  let question = null;
  /** @type {EventSource | null} */
  let source = null;
  const catchingUp = createCatchingUp({
    /** @param {Frame} frame */
    take(frame) {
      const position = positions.of(frame.topic ?? place.topics[0]) ?? "";
      if (frame.id && (distance(position, frame.id) ?? 0) > 1) return false; // of a type that is not listened for yet
      if (frame.type === "stream.gap" && frame.data.requested !== position) return true; // the log had what it is about
      receive(link, frame);
      return true;
    },
    ask: async () => (await round()).more,
    onFailure: (error) => link.ended(failureOf(error)),
    onMissing: () => link.ended(LOST),
    clock: asking.clock,
    random,
  });

  /** Ask the log once. `late`: it has what the source should have told, and has not. */
  async function round() {
    question = askNow(asking, link, place, positions.joint);
    const frames = await question.frames;
    const late = frames.some(({ id, type }) => id && known.has(type));
    for (const frame of frames) {
      receive(link, frame);
      if (frame.id) learn(frame.type);
    }
    return { more: hasNews(frames), late };
  }

  /** @param {string} type */
  function learn(type) {
    if (known.has(type)) return;
    known.add(type);
    source?.addEventListener(type, heard);
  }

  /** @param {Event} event */
  function heard(event) {
    if (!("data" in event)) return; // the source's own "open" or "error": a topic may have types of these names
    const { type, data, lastEventId } = /** @type {MessageEvent} */ (event);
    link.heard(utf8Length(data));
    try {
      catchingUp.offer(frameOf({ type, data, lastEventId }, place.many));
    } catch (error) {
      link.ended(failureOf(error));
    }
  }

  void drive(link, async () => {
    await round();
    if (!link.alive) return;
    const withCredentials = asking.credentials === "include";
    const own = (source = new EventSource(place.address(positions.joint), { withCredentials }));
    own.addEventListener("open", () => link.opened());
    for (const type of known) own.addEventListener(type, heard);
    await new Promise((resolve) => own.addEventListener("error", (event) => "data" in event || resolve(null)));
  });

  return {
    probe() {
      void round().then(({ late }) => (late ? link.ended(SILENT) : link.heard()), (error) => link.ended(failureOf(error)));
    },
    drop() {
      catchingUp.stop();
      question?.drop();
      source?.close();
    },
  };
}
