// @ts-check
// A tab without a connection of its own: it takes what the leader tells if that continues its own position, and asks the
// log for everything else. So nothing is lost or doubled, whatever was told late, twice or not at all.

import { createBackoff } from "./backoff.js";
import { createCatchingUp } from "./catching-up.js";
import { failureOf } from "./failures.js";
import { askNow, hasNews } from "./poll-technique.js";
import { createSilenceWatch } from "./silence.js";

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./leader.js").Told} Told */

const QUIET_MS = 10_000; // without a word of the leader, until it is asked for one
const ANSWER_MS = 5_000; // and until it is taken for dead or frozen

/**
 * @param {object} options
 * @param {import("./place.js").Place} options.place
 * @param {ReturnType<typeof import("./inbox.js").createInbox>} options.inbox  of this tab
 * @param {(message: import("./leader.js").Message) => void} options.post  to the other tabs
 * @param {(state: ConnectionState) => void} options.onState
 * @param {() => void} options.onSilence  nobody leads
 * @param {import("./body.js").Asking} options.asking
 * @param {() => number} options.random
 * @returns {import("./leader.js").Role}
 */
export function createFollower({ place, inbox, post, onState, onSilence, asking, random }) {
  const { clock } = asking;
  const { positions } = inbox;
  const backoff = createBackoff({ random });
  const silence = createSilenceWatch({ clock, onSilence });
  const askLeader = () => post({ kind: "ask" });
  /** @type {Told | null} the newest */
  let told = null;
  let chain = "";
  let answered = false;
  let caughtUp = false;
  let bytes = 0;
  let stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} until the log is asked again; nothing is taken before */
  let resting;
  const counter = { heard: (count = 0) => void (bytes += count) };
  /** @type {ReturnType<typeof askNow> | null} the newest */
  let question = null;
  const catchingUp = createCatchingUp({ take, ask: askLog, onCaughtUp, onFailure, clock, random });

  /** @param {Told} message @param {boolean} settled  the log was asked since */
  function take({ chain: theirs, after, position, frames }, settled) {
    const joint = positions.joint;
    if (!position || (settled && positions.covers(position))) frames = [];
    else if (after !== joint && !((settled || theirs === chain) && positions.covers(after))) return false;
    if (position) {
      chain = theirs;
      caughtUp = true;
    }
    for (const frame of frames) if (!stopped && (frame.id || after === joint)) inbox.receive(frame);
    return true;
  }

  async function askLog() {
    question = askNow(asking, counter, place, positions.joint);
    const frames = await question.frames;
    for (const frame of frames) if (!stopped) inbox.receive(frame);
    return hasNews(frames);
  }

  function onCaughtUp() {
    backoff.reset();
    caughtUp = true;
    show();
  }

  /** @param {unknown} error */
  function onFailure(error) {
    const { reason, final, atLeast_ms } = failureOf(error);
    if (final) return onState({ name: "refused", reason });
    const wait_ms = atLeast_ms + backoff.next();
    resting = clock.setTimeout(() => {
      resting = undefined;
      catchingUp.check();
    }, wait_ms);
    onState({ name: "waiting", retry_at_ms: clock.now() + wait_ms, reason });
  }

  /** The leader's state is this tab's, once it stands where the leader stands. */
  function show() {
    if (told && (told.state.name !== "live" || caughtUp)) onState(told.state);
  }

  /** Whoever leads should say so now. */
  function expectWord() {
    answered = false;
    silence.begin(ANSWER_MS);
    askLeader();
  }

  expectWord();
  return {
    hear(message) {
      if (message.kind !== "told") return;
      if (answered) silence.heard();
      else silence.begin(QUIET_MS, { ask: askLeader, answer_ms: ANSWER_MS });
      answered = true;
      told = message;
      if (resting !== undefined) return;
      catchingUp.offer(message);
      if (!stopped) show();
    },
    wake(hard) {
      post({ kind: "wake" });
      expectWord();
      if (hard) question?.drop(); // an open connection can't be trusted either: it is asked again soon
      if (!hard && resting === undefined) return;
      clock.clearTimeout(resting);
      resting = undefined;
      catchingUp.check();
    },
    cut: () => post({ kind: "cut" }),
    stop() {
      stopped = true;
      clock.clearTimeout(resting);
      silence.stop();
      catchingUp.stop();
      question?.drop();
    },
    get statistics() { return { bytes, reconnects: 0, opened_at_ms: told?.opened_at_ms ?? null }; },
  };
}
