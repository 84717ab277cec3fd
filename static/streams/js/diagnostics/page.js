// @ts-check
// The page of the connection check: runs the probes, shows what they say as it becomes known.

import { bindCopy } from "../clipboard.js";
import { byId } from "../dom.js";
import { createCheckView } from "./check-view.js";
import { judgeAll, summarise } from "./checks.js";
import { createEventParser, createLineParser, measureRequest, measureSilence, measureSocket, measureStream } from "./probes.js";
import { writeReport } from "./report.js";
import { judgeStream } from "./stream-verdicts.js";

/** @typedef {import("./checks.js").Measured} Measured */

const MESSAGES = 3;
const now = () => performance.now();
const data = byId("diagnostics", HTMLElement).dataset;
const probes = data.probes ?? "";
const fullSilence_s = Number(data.silence);
const asked = { place: window.location, messages: MESSAGES, silence_s: askedSilence(), fullSilence_s };
const list = byId("checks", HTMLElement);
/** @type {Map<string, ReturnType<typeof createCheckView>>} */
const views = new Map();
/** @type {Measured} */
let measured = {};
let running = new AbortController();
let started_ms = 0;

/** `?idle=10` watches the silence for 10 s only. */
function askedSilence() {
  const given = Number(new URLSearchParams(window.location.search).get("idle"));
  return Number.isInteger(given) && given >= 1 && given <= fullSilence_s ? given : fullSilence_s;
}

/** The protocol between this browser and whatever answers it, as far as the browser tells. */
function protocol() {
  const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntries());
  return entries.filter(({ name }) => name.includes(probes)).map((entry) => entry.nextHopProtocol).find(Boolean) ?? "";
}

function start() {
  running.abort();
  running = new AbortController();
  measured = {};
  started_ms = now();
  void run(running.signal);
}

/** @param {AbortSignal} signal  a run that was followed by another says nothing more */
async function run(signal) {
  /** @type {typeof globalThis.fetch} */
  const fetch = (url, init) => {
    const signals = init?.signal ? [signal, init.signal] : [signal];
    return window.fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };
  const env = { fetch, now, protocolOf: protocol, WebSocket, setTimeout: window.setTimeout.bind(window) };
  /** @param {Measured} found */
  const tell = (found) => {
    if (signal.aborted) return;
    Object.assign(measured, found);
    draw();
  };
  /** @param {string} name @param {Parameters<typeof measureStream>[1]} createParser */
  const stream = async (name, createParser) => {
    const once = () => measureStream(`${probes}${name}`, createParser, env);
    const first = await once();
    return judgeStream(first).level === "fault" ? once() : first; // a slow moment is no proxy
  };
  draw();
  const url = `${probes}idle?seconds=${asked.silence_s}`;
  const watched = measureSilence(url, asked.silence_s, env).then((silence) => tell({ silence }));
  const socketUrl = `${window.location.origin.replace(/^http/, "ws")}${probes}socket`;
  await Promise.all([
    stream("sse", createEventParser).then((sse) => tell({ sse })),
    stream("ndjson", createLineParser).then((ndjson) => tell({ ndjson })),
    measureSocket(socketUrl, MESSAGES, env).then((socket) => tell({ socket })),
  ]);
  tell({ request: await measureRequest(`${probes}request`, env) });
  await watched;
}

function draw() {
  const checks = judgeAll(measured, asked);
  for (const check of checks) {
    let view = views.get(check.id);
    if (!view) {
      views.set(check.id, (view = createCheckView()));
      list.append(view.element);
    }
    view.show(check, extraOf(check));
  }
  list.setAttribute("aria-busy", String(checks.some(({ level }) => level === "running")));
  const { level, text, more } = summarise(checks);
  byId("outcome", HTMLElement).dataset.level = level;
  write("outcome-text", text);
  write("outcome-more", more);
}

/** @param {import("./checks.js").Check} check @returns {import("./check-view.js").Extra} */
function extraOf({ id, level }) {
  if (id === "sse" || id === "ndjson") return { chunks: measured[id]?.chunks };
  if (id !== "silence" || level !== "running") return {};
  const elapsed_s = Math.floor((now() - started_ms) / 1000);
  return { elapsed_s: Math.min(elapsed_s, asked.silence_s), limit_s: asked.silence_s };
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const element = byId(id, HTMLElement);
  if (element.textContent !== text) element.textContent = text; // or a screen reader would hear it each second
}

byId("again", HTMLButtonElement).addEventListener("click", start);
bindCopy(byId("copy", HTMLButtonElement), () => {
  const checks = judgeAll(measured, asked);
  return writeReport({
    url: window.location.origin, when: new Date(), browser: navigator.userAgent,
    summary: summarise(checks), checks, seen: measured.request?.seen ?? null,
  });
});
window.setInterval(() => measured.silence || draw(), 1_000);
start();
