// @ts-check
// What the measurements of streams mean: do chunks come as they are sent, and as they are?

import { good, judgeStatus, NGINX } from "./verdict.js";

/** @typedef {import("./verdict.js").Verdict} Verdict */
/** @typedef {import("./probes.js").StreamMeasure} StreamMeasure */
/** @typedef {import("./probes.js").SilenceMeasure} SilenceMeasure */

const TOGETHER = 0.5; // chunks that come within this part of the distance they were sent at came together
const HELD_BACK = 0.5; // at most so many bursts for each chunk: held back, and not just a slow moment
const HEADER = "The server's header X-Accel-Buffering: no is ignored by a proxy, or swallowed by one behind it.";
const MARGIN_S = 2; // a heartbeat that is due in the second of the cut comes too late

/**
 * How many groups of chunks came together: a proxy let go of each group at once.
 * @param {StreamMeasure["chunks"]} chunks  at least two
 */
export function countBursts(chunks) {
  const distance_ms = (chunks[chunks.length - 1].sent_ms - chunks[0].sent_ms) / (chunks.length - 1);
  return chunks.filter(({ at_ms }, n) => n === 0 || at_ms - chunks[n - 1].at_ms >= distance_ms * TOGETHER).length;
}

/**
 * How much later than the promptest of them each chunk came, whatever the two clocks say.
 * @param {StreamMeasure["chunks"]} chunks
 */
export function delays_ms(chunks) {
  const all = chunks.map(({ at_ms, sent_ms }) => at_ms - sent_ms);
  return all.map((delay_ms) => delay_ms - Math.min(...all));
}

/** @param {StreamMeasure} measure @returns {Verdict} */
export function judgeStream({ status, chunks }) {
  const refused = judgeStatus(status);
  if (refused) return refused;
  const count = chunks[0]?.of ?? 0;
  const figure = `${chunks.length} of ${count || "?"}`;
  if (chunks.length < 2 || chunks.length < count) {
    const said = `The stream broke off after ${chunks.length} chunks.`;
    return { level: "fault", figure, said, why: "The proxy's error log says more, or the server's." };
  }
  const bursts = countBursts(chunks);
  if (bursts > count * HELD_BACK) return good(`${count} chunks came one by one, at the pace they were sent.`, figure);
  const together = bursts === 1 ? "all at once" : `in ${bursts} bursts`;
  const late = `${(Math.max(...delays_ms(chunks)) / 1000).toFixed(1)} s late`;
  return {
    level: "fault", figure: late, lines: NGINX.unbuffered,
    said: `${count} chunks came ${together}, up to ${late}: a proxy collects them (proxy_buffering in nginx).`,
    why: `Every stream is held back like this. ${HEADER}`,
  };
}

/** @param {StreamMeasure} sse @param {StreamMeasure} ndjson @returns {Verdict} */
export function judgeCompression(sse, ndjson) {
  const encodings = { "text/event-stream": sse.encoding, "application/x-ndjson": ndjson.encoding };
  const packed = Object.entries(encodings).filter(([, encoding]) => encoding && encoding !== "identity");
  if (!sse.status && !ndjson.status) return /** @type {Verdict} */ (judgeStatus(0));
  if (!packed.length) return good("Nothing on the way compresses streams.", "none");
  const types = packed.map(([type]) => type).join(" and ");
  const encoding = packed[0][1];
  return {
    level: "fault", figure: encoding, lines: NGINX.uncompressed,
    said: `A proxy compresses streams: ${types} came with Content-Encoding: ${encoding} (gzip_types in nginx).`,
    why: "A compressor may wait for more bytes before it lets go of any, and keeps its window in memory for each stream.",
  };
}

/**
 * @param {SilenceMeasure} silence
 * @param {{ asked_s: number, full_s: number, heartbeat_s: number }} times  what was asked for, and should have been
 * @returns {Verdict}
 */
export function judgeSilence({ status, lived_ms, whole }, { asked_s, full_s, heartbeat_s }) {
  if (whole && asked_s < full_s) return good(`A silent stream lived for the ${asked_s} s that this page watched it.`, `${asked_s} s`);
  if (whole) return good(`A silent stream was left in peace for ${asked_s} s.`, `${asked_s} s`);
  const lived_s = Math.round(lived_ms / 1000);
  const cutBeforeAnything = status === 504 || (status === 0 && lived_s >= 1); // where the opening was held back
  const refused = cutBeforeAnything ? null : judgeStatus(status);
  if (refused) return refused;
  const cut = { figure: `${lived_s} s`, lines: NGINX.patient };
  if (lived_s < heartbeat_s + MARGIN_S) {
    return {
      ...cut, level: "fault",
      said: `A silent stream was cut after ${lived_s} s, before its heartbeat after ${heartbeat_s} s (proxy_read_timeout in nginx).`,
      why: "Every stream that has nothing to say for a moment is cut, and its reader must come back.",
    };
  }
  return {
    ...cut, level: "note",
    said: `A silent stream was cut after ${lived_s} s. Real ones live on, by a heartbeat every ${heartbeat_s} s.`,
    why: "A long poll that waits longer is cut, though.",
  };
}
