// @ts-check
// Server-sent events, from bytes to events. WHATWG HTML 9.2.5 and 9.2.6 to the letter, over any split into chunks.

import { TooLarge } from "./failures.js";

/**
 * @typedef {object} SseEvent
 * @property {string} type  "message" when the stream names none
 * @property {string} data
 * @property {string} lastEventId  the id in force, also when this event brought none
 */

const LF = 10;

/**
 * @param {object} options
 * @param {(event: SseEvent) => void} options.onEvent
 * @param {(id: string) => void} [options.onId]  an id came into force; after its event, if there is one
 * @param {(retry_ms: number) => void} [options.onRetry]
 * @param {number} [options.maxBufferedChars]  of the unfinished line and the unfinished event together
 */
export function createSseParser({ onEvent, onId = () => {}, onRetry = () => {}, maxBufferedChars = 4 * 1024 * 1024 }) {
  const decoder = new TextDecoder("utf-8"); // drops one leading BOM; never fails, U+FFFD stands for what is malformed
  /** @type {string[]} The pieces of a line whose end has not come. */
  let pieces = [];
  let piecesLength = 0;
  let afterCr = false; // the last character was CR: an LF that follows belongs to it
  let type = "";
  let data = "";
  let id = "";
  let idInForce = "";

  /** @param {string} text */
  function read(text) {
    let at = 0;
    if (afterCr && text) {
      afterCr = false;
      if (text.charCodeAt(0) === LF) at = 1;
    }
    const ends = /[\r\n]/g;
    for (ends.lastIndex = at; ; ) {
      const match = ends.exec(text);
      if (!match) break;
      hold(text.slice(at, match.index));
      const whole = pieces.length === 1 ? pieces[0] : pieces.join("");
      pieces = [];
      piecesLength = 0;
      line(whole);
      at = match.index + 1;
      if (match[0] === "\r") {
        if (at === text.length) afterCr = true;
        else if (text.charCodeAt(at) === LF) at += 1;
      }
      ends.lastIndex = at;
    }
    if (at < text.length) hold(text.slice(at));
  }

  /** @param {string} piece */
  function hold(piece) {
    pieces.push(piece);
    piecesLength += piece.length;
    const held = piecesLength + data.length;
    if (held > maxBufferedChars) throw new TooLarge(`an event has ${held} characters or more (limit ${maxBufferedChars})`);
  }

  /** @param {string} text a line without its end */
  function line(text) {
    if (text === "") return dispatch();
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data += `${value}\n`;
    else if (field === "event") type = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) onRetry(Number(value));
  }

  function dispatch() {
    const event = data ? { type: type || "message", data: data.slice(0, -1), lastEventId: id } : null;
    const isNew = id !== idInForce;
    idInForce = id;
    type = data = "";
    if (event) onEvent(event);
    if (isNew) onId(id);
  }

  return {
    /**
     * @param {Uint8Array} bytes
     * @throws {TooLarge} the stream must be given up
     */
    feed: (bytes) => read(decoder.decode(bytes, { stream: true })),
    /** The id to send when asking again. An event that was not finished is dropped with its id, as the standard says. */
    get lastEventId() {
      return idInForce;
    },
  };
}
