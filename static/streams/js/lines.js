// @ts-check
// Lines, from bytes to text, over any split into chunks: what NDJSON is made of.  Source: github.com/ndjson/ndjson-spec.

import { TooLarge } from "./failures.js";

const LF = 10;

/**
 * @param {(line: string) => void} onLine  without its end, and never empty; a line that was not finished is dropped
 * @param {{ maxBufferedBytes?: number }} [options]  of a line
 */
export function createLineSplitter(onLine, { maxBufferedBytes = 4 * 1024 * 1024 } = {}) {
  const decoder = new TextDecoder("utf-8");
  /** @type {Uint8Array[]} The pieces of a line whose end has not come. */
  let pieces = [];
  let piecesLength = 0;

  /** @param {Uint8Array} piece */
  function hold(piece) {
    pieces.push(piece);
    piecesLength += piece.length;
    if (piecesLength > maxBufferedBytes) {
      throw new TooLarge(`a line has ${piecesLength} bytes or more (limit ${maxBufferedBytes})`);
    }
  }

  function end() {
    const whole = pieces.length === 1 ? pieces[0] : join(pieces, piecesLength);
    pieces = [];
    piecesLength = 0;
    const text = decoder.decode(whole).replace(/\r$/, "");
    if (text) onLine(text);
  }

  return {
    /**
     * @param {Uint8Array} bytes
     * @throws {TooLarge} the stream must be given up
     */
    feed(bytes) {
      let at = 0;
      for (let next; (next = bytes.indexOf(LF, at)) >= 0; at = next + 1) {
        hold(bytes.subarray(at, next));
        end();
      }
      if (at < bytes.length) hold(bytes.slice(at)); // a copy: the chunk may be large, or used again
    },
  };
}

/** @param {Uint8Array[]} pieces @param {number} length */
function join(pieces, length) {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
