// @ts-check
// One file on its way up, in pieces: it survives a cut, a reload and a pause.  Source: tus 1.0.0.

import { createBackoff } from "../backoff.js";

const VERSION = "1.0.0";
const FIRST_BYTES = 256 * 1024;
const MOST_BYTES = 8 * 1024 * 1024; // what one request may have is about twice that
const QUICK_MS = 400; // a piece that took less is followed by a larger one: progress stays smooth, overhead small
const SLOW_MS = 2_000;
const PIECE_LIMIT_MS = 120_000;
const TRIES = 8; // without a byte of progress: then a person decides
const PASSING = new Set([408, 409, 423, 425, 429, 460, 500, 502, 503, 504]);

/**
 * @typedef {"waiting" | "sending" | "retrying" | "paused" | "failed" | "done" | "cancelled"} StateName
 * @typedef {object} State
 * @property {StateName} name
 * @property {number} sent   bytes that are safe at the server
 * @property {string} [words]  why it failed, or waits
 * @property {string} [url]    where the file is, once it is done
 */

/** What a server said no to. */
class Refused extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** UTF-8 in base64, as `Upload-Metadata` has it. @param {string} text */
const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

/** @param {Response} response */
async function wordsOf(response) {
  const answer = await response.json().catch(() => null);
  return answer?.error?.message ?? `The server answered ${response.status}.`;
}

/**
 * @param {Pick<File, "name" | "size" | "slice">} file
 * @param {object} env
 * @param {string} env.endpoint  where uploads are begun
 * @param {Record<string, string>} [env.metadata]  beside the file's name
 * @param {() => Record<string, string>} [env.headers]  of every request
 * @param {string | null} [env.url]  of an upload that was begun before
 * @param {(state: State) => void} env.onState
 * @param {(url: string | null) => void} [env.onUrl]  where it can be gone on with; null: nowhere any more
 * @param {typeof globalThis.fetch} env.fetch
 * @param {{ now(): number, setTimeout(run: () => void, ms: number): any, clearTimeout(timer: any): void }} env.clock
 * @param {() => number} env.random
 */
export function createUpload(file, env) {
  const { endpoint, metadata = {}, headers = () => ({}), onState, onUrl = () => {}, fetch, clock, random } = env;
  const backoff = createBackoff({ random });
  let url = env.url ?? null;
  let [sent, size, tries] = [0, FIRST_BYTES, 0];
  /** @type {number | null} null: the server must be asked */
  let offset = null;
  /** @type {StateName} */
  let name = "waiting";
  let request = new AbortController();
  let timer = 0;

  /** @param {StateName} next @param {Partial<State>} [more] */
  function tell(next, more = {}) {
    name = next;
    onState({ name, sent, ...more });
  }

  /** @param {string} method @param {string} where @param {Record<string, string>} more @param {Blob} [body] */
  function ask(method, where, more = {}, body) {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(PIECE_LIMIT_MS)]);
    return fetch(where, { method, signal, body, headers: { "Tus-Resumable": VERSION, ...headers(), ...more } });
  }

  /** @param {Response} response @param {number} status */
  async function check(response, status) {
    if (response.status !== status) throw new Refused(await wordsOf(response), response.status);
    offset = Number(response.headers.get("Upload-Offset") ?? 0);
    if (offset > sent) [tries] = [0, backoff.reset()];
    sent = offset;
    return response.headers.get("Streams-File");
  }

  async function begin() {
    const words = Object.entries({ filename: file.name, ...metadata }).map(([key, value]) => `${key} ${base64(value)}`);
    const asked = { "Upload-Length": String(file.size), "Upload-Metadata": words.join(",") };
    const response = await ask("POST", endpoint, asked);
    const done = await check(response, 201);
    url = response.headers.get("Location");
    onUrl(url);
    return done;
  }

  async function sendPiece() {
    const began_ms = clock.now();
    const asked = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
    const at = /** @type {number} */ (offset);
    const response = await ask("PATCH", /** @type {string} */ (url), asked, file.slice(at, at + size));
    const done = await check(response, 204);
    const took_ms = clock.now() - began_ms;
    if (took_ms < QUICK_MS) size = Math.min(MOST_BYTES, size * 2);
    else if (took_ms > SLOW_MS) size = Math.max(FIRST_BYTES, size / 2);
    return done;
  }

  async function step() {
    if (url === null) return begin();
    if (offset === null) return check(await ask("HEAD", url), 200);
    return sendPiece();
  }

  async function run() {
    const mine = (request = new AbortController());
    tell("sending");
    try {
      for (;;) {
        const done = await step();
        if (mine.signal.aborted) return;
        if (done) {
          onUrl(null);
          return tell("done", { url: done });
        }
        tell("sending");
      }
    } catch (error) {
      if (!mine.signal.aborted) judge(error);
    }
  }

  /** @param {unknown} error */
  function judge(error) {
    offset = null; // whatever went wrong: the server knows how far it came
    const status = error instanceof Refused ? error.status : 0;
    if (url !== null && (status === 404 || status === 410)) {
      onUrl((url = null)); // it has expired, or was discarded elsewhere: from the beginning, then
      sent = 0;
      if ((tries += 1) <= 1) return void run();
    }
    const words = error instanceof Refused ? error.message : "The connection was lost.";
    if ((status && !PASSING.has(status)) || (tries += 1) > TRIES) return tell("failed", { words });
    tell("retrying", { words });
    timer = clock.setTimeout(run, backoff.next());
  }

  function halt() {
    clock.clearTimeout(timer);
    request.abort();
    offset = null;
  }

  return {
    get state() {
      return name;
    },
    start() {
      if (name === "sending" || name === "done" || name === "cancelled") return;
      clock.clearTimeout(timer);
      tries = 0;
      void run();
    },
    pause() {
      halt();
      tell("paused");
    },
    /** Give it up; what is at the server is deleted, or expires if the server can't be reached. */
    async cancel() {
      halt();
      tell("cancelled");
      onUrl(null);
      request = new AbortController();
      if (url !== null) await ask("DELETE", url).catch(() => null);
    },
  };
}
