// @ts-check
// How many rows of a report have come, counted in its bytes over any split into chunks.

const LF = 10;
const QUOTE = 34;

/**
 * @param {string} format  csv or ndjson
 */
export function createRowCount(format) {
  let lines = 0;
  let quoted = false;
  const csv = format !== "ndjson";
  return {
    /** @param {Uint8Array} bytes */
    feed(bytes) {
      for (const byte of bytes) {
        if (byte === LF) lines += quoted ? 0 : 1;
        else if (csv && byte === QUOTE) quoted = !quoted; // two in a row leave it as it was
      }
    },
    /** Without the header; `whole`: and without the footer. @param {boolean} [whole] */
    rows: (whole = false) => Math.max(0, lines - (csv ? 1 : 0) - (whole ? 1 : 0)),
  };
}
