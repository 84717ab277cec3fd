// @ts-check
// The tab that holds the connection which all tabs share: it reads for itself, and tells the others.

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {import("./connection.js").Stream} Stream */

/**
 * What is told between the tabs. `chain` changes where what follows does not simply continue what was told before:
 * another leader, a gap.
 * @typedef {object} Told
 * @property {"told"} kind
 * @property {string} chain
 * @property {string} after     the joint position before the frames; empty: not known yet
 * @property {string} position  and the one behind them
 * @property {Frame[]} frames
 * @property {ConnectionState} state
 * @property {number | null} opened_at_ms
 */

/** @typedef {Told | { kind: "ask" | "wake" | "cut" }} Message */

/**
 * What a tab is in the group.
 * @typedef {object} Role
 * @property {(message: Message) => void} hear
 * @property {(hard: boolean) => void} wake
 * @property {() => void} cut
 * @property {() => void} stop
 * @property {Omit<import("./connection.js").Statistics, "events">} statistics
 */

/**
 * @param {object} options
 * @param {Stream} options.stream  the connection, from the position of `inbox`; to be opened by the caller
 * @param {string} options.name  of this leader, unlike any other's
 * @param {ReturnType<typeof import("./inbox.js").createInbox>} options.inbox  of this tab
 * @param {(message: Message) => void} options.post  to the other tabs
 * @param {(state: ConnectionState) => void} options.onState
 * @param {{ now(): number }} options.clock
 * @returns {Role}
 */
export function createLeader({ stream, name, inbox, post, onState, clock }) {
  /** @type {Frame[]} */
  let frames = [];
  let gaps = 0;
  let told = inbox.positions.joint;
  let stopped = false;

  /** Tell what has come since, and how things are. */
  function tell() {
    const after = told;
    told = inbox.positions.joint;
    const { state, statistics: { opened_at_ms } } = stream;
    post({ kind: "told", chain: `${name}/${gaps}`, after, position: told, frames, state, opened_at_ms });
    frames = [];
  }

  const flush = () => void (frames.length && tell());

  stream.onEvent((envelope) => {
    if (!frames.length) queueMicrotask(flush); // what comes in one piece is told in one
    frames.push(envelope);
    inbox.receive(envelope);
  });
  stream.onNotice((text) => {
    flush();
    const frame = { type: "stream.notice", data: { text } };
    frames.push(frame);
    inbox.receive(frame);
    flush();
  });
  stream.onGap(({ topic, ...data }) => {
    flush();
    const frame = { type: "stream.gap", topic, data };
    gaps += 1;
    frames.push(frame);
    inbox.receive(frame);
    flush();
  });
  stream.onState((state) => {
    if (stopped) return;
    flush();
    inbox.receive({ type: "stream.open", data: { last_event_id: stream.lastEventId } });
    told = inbox.positions.joint;
    tell();
    onState(state);
  });
  return {
    hear({ kind }) {
      const { retry_at_ms = Infinity } = stream.state;
      if (kind === "wake" || (kind === "ask" && retry_at_ms < clock.now())) stream.wake(); // a hidden tab's timers are late
      if (kind === "cut") stream.cut();
      if (kind === "ask") tell();
    },
    wake: stream.wake,
    cut: stream.cut,
    stop() {
      stopped = true;
      stream.close();
    },
    get statistics() { return stream.statistics; },
  };
}
