// @ts-check
// The probes: each asks the server for something it knows, and writes down what came and when. No judgement here.

import { createLineSplitter } from "../lines.js";
import { createSseParser } from "../sse-parser.js";

/** @typedef {{ chunk: number, of: number, sent_ms: number }} Sent */
/** @typedef {Sent & { at_ms: number }} Chunk  `sent_ms` by the server's clock, `at_ms` by ours: only distances compare */
/** @typedef {{ status: number, encoding: string, chunks: Chunk[] }} StreamMeasure  status 0: no answer at all */
/** @typedef {{ opened: boolean, echoes_ms: number[], code: number, reason: string }} SocketMeasure */
/** @typedef {{ status: number, lived_ms: number, whole: boolean }} SilenceMeasure */
/**
 * @typedef {object} RequestSeen  what the server says of a request
 * @property {string} http_version
 * @property {string} scheme
 * @property {string} host
 * @property {string} client
 * @property {Record<string, string>} headers
 * @property {boolean} behind_proxy
 * @property {number} heartbeat_s
 */
/** @typedef {{ status: number, seen: RequestSeen | null, protocol: string }} RequestMeasure  protocol as ALPN names it */
/** @typedef {{ fetch: typeof globalThis.fetch, now: () => number }} Env */

export const CLAIMED_ADDRESS = "192.0.2.77"; // of a block that is kept for examples: nobody really comes from there
const STREAM_LIMIT_MS = 15_000;
const SOCKET_LIMIT_MS = 8_000;
const SILENCE_GRACE_MS = 10_000;

/**
 * Numbered chunks, and when each of them came.
 * @param {string} url
 * @param {(take: (json: string) => void) => (bytes: Uint8Array) => void} createParser
 * @param {Env} env
 * @returns {Promise<StreamMeasure>}
 */
export async function measureStream(url, createParser, { fetch, now }) {
  /** @type {StreamMeasure} */
  const measure = { status: 0, encoding: "", chunks: [] };
  let at_ms = 0;
  const parse = createParser((json) => measure.chunks.push({ ...JSON.parse(json), at_ms }));
  await read(url, STREAM_LIMIT_MS, fetch, (response) => {
    measure.status = response.status;
    measure.encoding = response.headers.get("Content-Encoding") ?? "";
    return response.ok;
  }, (bytes) => {
    at_ms = now();
    parse(bytes);
  });
  return measure;
}

/** @param {(json: string) => void} take */
export const createEventParser = (take) => createSseParser({ onEvent: ({ data }) => take(data) }).feed;

/** @param {(json: string) => void} take */
export const createLineParser = (take) => createLineSplitter(take).feed;

/**
 * How long a stream lives that says nothing; `whole` if it lived as long as was asked.
 * @param {string} url
 * @param {number} silence_s
 * @param {Env} env
 * @returns {Promise<SilenceMeasure>}
 */
export async function measureSilence(url, silence_s, { fetch, now }) {
  let start_ms = now();
  const measure = { status: 0, lived_ms: 0, whole: false };
  const parse = createEventParser(() => (measure.whole = true));
  await read(url, silence_s * 1000 + SILENCE_GRACE_MS, fetch, (response) => {
    start_ms = now();
    measure.status = response.status;
    return response.ok;
  }, parse);
  measure.lived_ms = now() - start_ms;
  return measure;
}

/**
 * The request as it arrived, with a claim in it that no proxy should pass on.
 * @param {string} url
 * @param {Env & { protocolOf: (url: string) => string }} env
 * @returns {Promise<RequestMeasure>}
 */
export async function measureRequest(url, { fetch, protocolOf }) {
  try {
    const headers = { "X-Forwarded-For": CLAIMED_ADDRESS };
    const response = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(STREAM_LIMIT_MS) });
    const seen = response.ok ? await response.json() : null;
    return { status: response.status, seen, protocol: protocolOf(response.url) };
  } catch {
    return { status: 0, seen: null, protocol: "" };
  }
}

/**
 * A socket that says back what it hears.
 * @param {string} url
 * @param {number} messages
 * @param {{ WebSocket: typeof globalThis.WebSocket, now: () => number, setTimeout: (run: () => void, ms: number) => unknown }} env
 * @returns {Promise<SocketMeasure>}
 */
export function measureSocket(url, messages, { WebSocket, now, setTimeout }) {
  return new Promise((resolve) => {
    /** @type {SocketMeasure} */
    const measure = { opened: false, echoes_ms: [], code: 0, reason: "" };
    const socket = new WebSocket(url);
    let sent_ms = 0;
    const say = () => {
      sent_ms = now();
      socket.send(`echo ${measure.echoes_ms.length + 1}`);
    };
    socket.onopen = () => {
      measure.opened = true;
      say();
    };
    socket.onmessage = () => {
      measure.echoes_ms.push(now() - sent_ms);
      if (measure.echoes_ms.length < messages) say();
      else socket.close(1000);
    };
    socket.onclose = ({ code, reason }) => resolve({ ...measure, code, reason });
    setTimeout(() => {
      socket.close();
      resolve(measure);
    }, SOCKET_LIMIT_MS);
  });
}

/**
 * Read an answer to its end; an answer that is cut, or never comes, just ends.
 * @param {string} url
 * @param {number} limit_ms
 * @param {typeof globalThis.fetch} fetch
 * @param {(response: Response) => boolean} begin  whether the body is worth reading
 * @param {(bytes: Uint8Array) => void} take
 */
async function read(url, limit_ms, fetch, begin, take) {
  try {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(limit_ms) });
    if (!begin(response) || !response.body) return;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  } catch {
    // What came until here is the measurement.
  }
}
