// @ts-check
// One lane: a stream by one technique, the record of what it lived through, and the strip of its last seconds.

import { createStream } from "../../streams.js";
import { createRecord } from "../record.js";
import { createStrip } from "./strip.js";

/** @typedef {import("../../connection.js").ConnectionState} ConnectionState */
/** @typedef {"sse" | "websocket" | "ndjson" | "poll"} Technique */

export const STALL_MS = 10_000;
const LONG_AGO = "0"; // before the first event of any log

/**
 * @param {Technique} technique
 * @param {object} options
 * @param {string} options.url
 * @param {import("../../connection.js").Clock} options.clock
 * @param {ReturnType<typeof import("../skew.js").createSkew>} options.skew
 * @param {() => void} options.onChange  of the state: something to tell of
 */
export function createRunner(technique, { url, clock, skew, onChange }) {
  const strip = createStrip({ clock });
  /** @type {ReturnType<typeof createRecord> | null} */
  let record = null;
  /** @type {import("../../connection.js").Stream | null} */
  let stream = null;
  let requests = 0;
  let stalledUntil_ms = 0;

  /** @param {string} from */
  function start(from) {
    stream?.close();
    requests = stalledUntil_ms = 0;
    const mine = createStream(url, { technique, from, clock, ...countedMeans(() => (requests += 1)) });
    const own = (record = createRecord({ clock, skew, position: from }));
    mine.onEvent((envelope) => strip.event(own.take(envelope)));
    mine.onGap((gap) => {
      own.gap(gap);
      strip.gap();
      onChange();
    });
    mine.onState((state) => {
      if (state.name !== "live") stalledUntil_ms = 0;
      strip.become(state.name === "live");
      if (state.name === "closed") return; // by the visitor
      own.become(state, mine.lastEventId);
      onChange();
    });
    stream = mine;
    if (from === LONG_AGO) own.begin("rewound", from);
    mine.open();
  }

  function readOn() {
    if (!stalledUntil_ms || clock.now() < stalledUntil_ms) return;
    stalledUntil_ms = 0;
    strip.become(true);
    onChange();
  }

  return {
    technique,
    strip,
    start,
    rewind: () => start(LONG_AGO),
    close: () => stream?.close(),
    cut: () => stream?.cut(),
    get canStall() { return stream?.canStall ?? false; },
    stall() {
      if (!stream?.canStall || stream.state.name !== "live" || stalledUntil_ms) return;
      stalledUntil_ms = clock.now() + STALL_MS;
      record?.begin("stalled", stream.lastEventId, stalledUntil_ms);
      stream.stall(STALL_MS);
      strip.become("stalled");
      clock.setTimeout(readOn, STALL_MS);
      onChange();
    },
    /** Give the connection back while nobody looks. */
    rest() {
      if (!stream || stream.state.name === "closed") return;
      record?.begin("hidden", stream.lastEventId);
      stream.close();
    },
    resume: () => stream?.open(),
    get stalledUntil_ms() { return stalledUntil_ms; },
    /** @returns {ConnectionState} */
    get state() { return stream?.state ?? { name: "closed" }; },
    get episode() { return record?.episode ?? null; },
    get position() { return stream?.lastEventId || record?.position || ""; },
    get figures() {
      return record && stream && { ...record.figures, bytes: stream.statistics.bytes, requests };
    },
  };
}

/**
 * The browser's own means, counted: what a connection costs is not least how often it is asked for.
 * @param {() => void} count
 */
function countedMeans(count) {
  return {
    fetch: (/** @type {Parameters<typeof fetch>} */ ...asked) => {
      count();
      return fetch(...asked);
    },
    WebSocket: class extends WebSocket {
      /** @param {string | URL} url */
      constructor(url) {
        super(url);
        count();
      }
    },
  };
}
