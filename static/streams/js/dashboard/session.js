// @ts-check
// What the board reads: the vital signs from some minutes ago on, and the newest of what only the staff may see.

import { createStream } from "../streams.js";
import { createSamples } from "./samples.js";

const AGAIN_MS = 2_000; // a topic that is not there yet is written by the first process that beats

/** @typedef {import("../connection.js").ConnectionState} ConnectionState */
/** @typedef {{ slowest: any[], busiest: any[], closes: any[] }} Operation */

/**
 * @param {{ stream: string, people: boolean, beat_s: number, reader: string }} page
 * @param {number} span_s
 * @param {{ onNews: () => void, onState: (state: ConnectionState) => void, onNotice: (text: string) => void }} listeners
 */
export function createSession({ stream: url, people, beat_s, reader }, span_s, { onNews, onState, onNotice }) {
  const samples = createSamples({ span_s, beat_s });
  const history = `-${Math.ceil(span_s / beat_s)}`;
  const stream = createStream(url, { from: people ? `${history},-1` : history, shared: `dashboard ${reader}` });
  /** @type {Operation | null} */
  let operation = null;
  let told_ms = Date.now();
  let closed = false;

  stream.onEvent((envelope) => {
    if (envelope.type === "operation") operation = envelope.data;
    else if (!samples.add(envelope)) return;
    else told_ms = Date.now();
    onNews();
  });
  stream.onState((state) => {
    if (state.name === "live") told_ms = Date.now(); // what is silent from now on
    if (state.name === "refused" && state.reason === "not_found") setTimeout(() => closed || stream.open(), AGAIN_MS);
    onState(state);
  });
  stream.onNotice(onNotice);
  stream.open();

  return {
    samples,
    span_s,
    get operation() { return operation; },
    get told_ms() { return told_ms; },
    get state() { return stream.state; },
    wake: () => (stream.state.name === "refused" ? stream.open() : stream.wake()),
    close() {
      closed = true;
      stream.close();
    },
  };
}
