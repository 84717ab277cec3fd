// @ts-check
// A report straight into a file that the person has chosen: nothing of it stays in memory, and it says how far it is.

import { ask } from "./preview.js";
import { createRowCount } from "./row-count.js";

const TELL_MS = 200;

/** @typedef {{ rows: number, bytes: number, seconds: number }} Progress */

/**
 * @param {string} url
 * @param {WritableStream<Uint8Array>} file  closed at the end, aborted when the report breaks off
 * @param {object} options
 * @param {string} options.format
 * @param {typeof globalThis.fetch} options.fetch
 * @param {AbortSignal} options.signal
 * @param {(progress: Progress) => void} options.onProgress  now and then
 * @param {() => number} [options.now]
 * @returns {Promise<Progress>} of the whole
 * @throws what `ask` throws, and what reading and writing throw
 */
export async function save(url, file, { format, fetch, signal, onProgress, now = () => performance.now() }) {
  const count = createRowCount(format);
  const begun_ms = now();
  let bytes = 0;
  let told_ms = -Infinity;
  const progress = (whole = false) => ({ rows: count.rows(whole), bytes, seconds: (now() - begun_ms) / 1000 });
  try {
    const body = await ask(url, { fetch, signal });
    const counting = new TransformStream({
      /** @param {Uint8Array} chunk @param {TransformStreamDefaultController<Uint8Array>} out */
      transform(chunk, out) {
        bytes += chunk.length;
        count.feed(chunk);
        out.enqueue(chunk);
        if (now() - told_ms < TELL_MS) return;
        told_ms = now();
        onProgress(progress());
      },
    });
    await body.pipeThrough(counting).pipeTo(file, { signal });
  } catch (error) {
    await file.abort(error).catch(() => undefined); // it may be closed already
    throw error;
  }
  return progress(true);
}

/** `1,234,567 rows, 180 MB, 52 MB/s`. @param {Progress} progress */
export function tellProgress({ rows, bytes, seconds }) {
  const megabytes = bytes / 1e6;
  const speed = seconds > 0 ? megabytes / seconds : 0;
  const size = (/** @type {number} */ value) => value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
  return `${rows.toLocaleString()} row${rows === 1 ? "" : "s"}, ${size(megabytes)} MB, ${size(speed)} MB/s`;
}
