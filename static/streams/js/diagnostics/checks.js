// @ts-check
// All checks in the order of the page, and what they come to.

import { judgeAddress, judgeBrowser, judgeHost, judgeScheme, judgeUpstream } from "./request-verdicts.js";
import { judgeSocket } from "./socket-verdicts.js";
import { judgeCompression, judgeSilence, judgeStream } from "./stream-verdicts.js";

/** @typedef {import("./verdict.js").Verdict} Verdict */
/** @typedef {import("./probes.js").StreamMeasure} StreamMeasure */
/**
 * @typedef {object} Measured  what has been measured so far
 * @property {import("./probes.js").RequestMeasure} [request]
 * @property {StreamMeasure} [sse]
 * @property {StreamMeasure} [ndjson]
 * @property {import("./probes.js").SocketMeasure} [socket]
 * @property {import("./probes.js").SilenceMeasure} [silence]
 */
/** @typedef {{ place: import("./request-verdicts.js").Place, messages: number, silence_s: number, fullSilence_s: number }} Asked */
/** @typedef {Omit<Verdict, "level"> & { id: string, title: string, level: Verdict["level"] | "running" }} Check */
/** @typedef {{ level: Check["level"], text: string, more: string }} Summary */

const HEARTBEAT_S = 15; // where the server could not be asked for its own

/**
 * `needs`: the measurements without which there is no verdict yet.
 * @type {{ id: string, title: string, needs: (keyof Measured)[], judge: (measured: Required<Measured>, asked: Asked) => Verdict }[]}
 */
const CHECKS = [
  { id: "sse", title: "Server-sent events", needs: ["sse"], judge: ({ sse }) => judgeStream(sse) },
  { id: "ndjson", title: "HTTP streaming", needs: ["ndjson"], judge: ({ ndjson }) => judgeStream(ndjson) },
  {
    id: "compression", title: "Compression", needs: ["sse", "ndjson"],
    judge: ({ sse, ndjson }) => judgeCompression(sse, ndjson),
  },
  {
    id: "socket", title: "WebSocket", needs: ["socket", "request"],
    judge: ({ socket, request }, { messages }) => judgeSocket(socket, request, messages),
  },
  {
    id: "silence", title: "Silence", needs: ["silence", "request"],
    judge: ({ silence, request }, { silence_s, fullSilence_s }) => judgeSilence(silence, {
      asked_s: silence_s, full_s: fullSilence_s, heartbeat_s: request.seen?.heartbeat_s ?? HEARTBEAT_S,
    }),
  },
  { id: "upstream", title: "Proxy to server", needs: ["request"], judge: ({ request }) => judgeUpstream(request) },
  {
    id: "browser", title: "Browser to proxy", needs: ["request"],
    judge: ({ request }, { place }) => judgeBrowser(request, place),
  },
  { id: "host", title: "Host", needs: ["request"], judge: ({ request }, { place }) => judgeHost(request, place) },
  { id: "scheme", title: "Scheme", needs: ["request"], judge: ({ request }, { place }) => judgeScheme(request, place) },
  { id: "address", title: "Visitor's address", needs: ["request"], judge: ({ request }) => judgeAddress(request) },
];

/**
 * Every check; one that waits for its measurement is `running`. What was said above is not said again.
 * @param {Measured} measured
 * @param {Asked} asked
 * @returns {Check[]}
 */
export function judgeAll(measured, asked) {
  /** @type {Set<string>} */
  const given = new Set();
  const isNew = (/** @type {string} */ text) => !given.has(text) && given.add(text);
  return CHECKS.map(({ id, title, needs, judge }) => {
    if (!needs.every((name) => measured[name])) return { id, title, level: "running", said: "" };
    const verdict = judge(/** @type {Required<Measured>} */ (measured), asked);
    const lines = (verdict.lines ?? []).filter(isNew);
    const mended = verdict.lines?.length && !lines.length ? "The lines above mend this too." : "";
    const why = [verdict.why, mended].filter((text) => text && (text === mended || isNew(text))).join(" ");
    return { id, title, ...verdict, lines, why };
  });
}

/**
 * What to say on top.
 * @param {Check[]} checks
 * @returns {Summary}
 */
export function summarise(checks) {
  const count = (/** @type {Check["level"]} */ level) => checks.filter((check) => check.level === level).length;
  const [running, faults, notes, unknown] = [count("running"), count("fault"), count("note"), count("unknown")];
  const streaming = checks.some(({ id, level }) => level === "running" && id !== "silence");
  const watching = running && !streaming ? "Still watching how long a silent stream lives." : "";
  if (faults) {
    const text = `${faults} ${faults === 1 ? "thing is" : "things are"} wrong${running ? " so far" : ""}`;
    const done = `What ${faults === 1 ? "it" : "each of them"} breaks stands below, with what mends it.`;
    return { level: "fault", text, more: watching || (running ? "The rest is still being checked." : done) };
  }
  if (streaming) return { level: "running", text: "Checking…", more: "Streams and a socket are on their way." };
  if (unknown) {
    const text = `${unknown} ${unknown === 1 ? "check" : "checks"} could not be made`;
    return { level: "unknown", text, more: watching || "Nothing that could be checked is wrong." };
  }
  if (running) return { level: "running", text: "All is well so far", more: watching };
  const better = `Though ${notes} ${notes === 1 ? "thing" : "things"} could be better.`;
  const praise = "Streams come as they are sent, sockets open, and a silent stream is left in peace.";
  return { level: "good", text: "All is well", more: notes ? better : praise };
}
