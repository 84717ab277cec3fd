// @ts-check
// Long polling over fetch: an answer as soon as there is something, and the next question with the position in it.

import { createBody, drive } from "./body.js";
import { TooLarge } from "./failures.js";

/** @typedef {import("./connection.js").Frame} Frame */

const WAIT_S = 25;
const ANSWER_MS = 20_000; // for a question that does not wait
const MAX_ANSWER_CHARS = 64 * 1024 * 1024;

/**
 * One question and what the server said to it, in order; the position comes last, as `stream.open`.
 * @param {ReturnType<typeof createBody>} body
 * @param {string} url
 * @returns {Promise<Frame[]>}
 */
export async function ask(body, url) {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  await body.read(url, "application/json", (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ANSWER_CHARS) throw new TooLarge(`an answer has more than ${MAX_ANSWER_CHARS} characters`);
  });
  const { events, gap, gaps = [], notices = [], last_event_id } = JSON.parse(text);
  const told = gap ? [{ data: gap }] : gaps.map((/** @type {any} */ { topic, ...data }) => ({ topic, data }));
  return [
    ...told.map((/** @type {any} */ one) => ({ type: "stream.gap", ...one })),
    ...notices.map((/** @type {string} */ notice) => ({ type: "stream.notice", data: { text: notice } })),
    ...events,
    { type: "stream.open", data: { last_event_id } },
  ];
}

/**
 * Ask the log for what is there now, in a request of its own.
 * @param {import("./body.js").Asking} asking
 * @param {Pick<import("./reconnecting.js").Link, "heard">} link
 * @param {import("./place.js").Place} place
 * @param {string} position
 * @returns {{ frames: Promise<Frame[]>, drop: () => void }}  dropped, or not answered in time, it throws
 */
export function askNow(asking, link, place, position) {
  const body = createBody(asking, link);
  const late = asking.clock.setTimeout(body.drop, ANSWER_MS);
  const frames = ask(body, place.address(position, { timeout: "0" })).finally(() => asking.clock.clearTimeout(late));
  return { frames, drop: body.drop };
}

/** Whether an answer says more than the position. @param {Frame[]} frames */
export const hasNews = (frames) => frames.length > 1;

/**
 * @param {import("./body.js").Asking} asking
 * @returns {(reading: import("./reader.js").Reading) => import("./reader.js").Technique}
 */
export const poll = (asking) => ({ place, positions, receive }) => ({
  limits: { opening_ms: 20_000, silence_ms: (WAIT_S + 20) * 1000 },
  canStall: true,
  connect(link) {
    const body = createBody(asking, link);
    void drive(link, async () => {
      for (let timeout = 0; link.alive; timeout = WAIT_S) { // the first does not wait: it is what tells the position
        const frames = await ask(body, place.address(positions.joint, { timeout: String(timeout) }));
        for (const frame of frames) receive(link, frame);
        link.opened();
      }
    });
    return body;
  },
});
