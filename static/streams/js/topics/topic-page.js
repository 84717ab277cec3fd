// @ts-check
// The page of a topic: its events as they come, its numbers alive.

import { createConnectionView } from "../connection-view.js";
import { browserClock, onWake } from "../connection.js";
import { byId } from "../dom.js";
import { seqOf } from "../position.js";
import { createSseClient } from "../sse-client.js";
import { bindTabs } from "../tabs.js";
import { createRow } from "./event-row.js";
import { createFeed } from "./feed.js";
import { formatNumber } from "./numbers.js";
import { bindPublishForm } from "./publish.js";
import { readRecent } from "./recent.js";
import { createSeriesSet } from "./series.js";
import { createSparkline } from "./sparkline.js";

const FLUSH_MS = 120; // events are drawn in batches, however fast they come
const SHARE = 5; // and drawing takes no more than this part of the time
const MAX_ROWS = 200;
const RECENT = 100;

const clock = browserClock;
const fetch = window.fetch.bind(window);
const url = byId("topic", HTMLElement).dataset.events ?? "";
const feed = createFeed({ clock, maxRows: MAX_ROWS });
const series = createSeriesSet();
/** @type {Map<string, ReturnType<typeof createSparkline>>} */
const sparklines = new Map();
const list = byId("events", HTMLElement);
const pause = byId("pause", HTMLButtonElement);
let flushing = false;
let pace_ms = FLUSH_MS;

/** @param {import("../connection.js").Envelope} envelope @param {{ live: boolean }} how */
function take(envelope, how) {
  if (!feed.push(envelope, how)) return;
  series.add(envelope.data);
  flushSoon();
}

function flushSoon() {
  if (flushing) return;
  flushing = true;
  clock.setTimeout(() => {
    flushing = false;
    const start_ms = performance.now();
    flush();
    pace_ms = Math.max(FLUSH_MS, (performance.now() - start_ms) * SHARE);
  }, pace_ms);
}

function flush() {
  const rows = feed.take().reverse();
  if (rows.length) {
    list.prepend(...rows.map(createRow));
    while (list.children.length > MAX_ROWS) list.lastElementChild?.remove();
  }
  if (!feed.paused) drawVitals();
  writeNumbers();
}

function drawVitals() {
  for (const field of series.read()) {
    let sparkline = sparklines.get(field.name);
    if (!sparkline) {
      sparklines.set(field.name, (sparkline = createSparkline(field.name)));
      byId("vitals", HTMLElement).append(sparkline.element);
    }
    sparkline.update(field);
  }
  byId("vitals-frame", HTMLElement).hidden = sparklines.size === 0;
}

function writeNumbers() {
  const position = client?.lastEventId || feed.position;
  const element = byId("position", HTMLElement);
  element.textContent = (seqOf(position) ?? 0).toLocaleString();
  element.title = position;
  byId("seen", HTMLElement).textContent = feed.seen.toLocaleString();
  byId("rate", HTMLElement).textContent = formatNumber(feed.rate);
  byId("no-events", HTMLElement).hidden = list.children.length > 0 || feed.held > 0;
  const word = feed.paused ? (feed.held ? `Resume, ${feed.held.toLocaleString()} new` : "Resume") : "Pause";
  if (pause.textContent !== word) pause.textContent = word;
}

pause.addEventListener("click", () => {
  feed.pause(!feed.paused);
  pause.setAttribute("aria-pressed", String(feed.paused));
  list.classList.toggle("paused", feed.paused);
  flush();
});

const recent = await readRecent(url, RECENT, { fetch });
for (const envelope of recent?.events ?? []) take(envelope, { live: false });
if (recent) feed.position = recent.last_event_id;

const client = createSseClient({ url, from: recent?.last_event_id ?? `-${RECENT}`, fetch, clock });
let caughtUp = Boolean(recent);
client.onEvent((envelope) => {
  if (envelope.type.startsWith("stream.")) return;
  take({ ...envelope, time: caughtUp ? new Date(clock.now()).toISOString() : undefined }, { live: caughtUp });
});
client.onGap((gap) => {
  feed.gap(gap ?? { lost: null, reason: "unknown" });
  flushSoon();
});
client.onState(({ name }) => {
  if (name === "live" && !caughtUp) clock.setTimeout(() => (caughtUp = true), 1_000);
});
const connection = createConnectionView(
  {
    word: byId("state", HTMLElement), bar: byId("trouble", HTMLElement), sentence: byId("trouble-text", HTMLElement),
    retry: byId("try-now", HTMLButtonElement), spoken: byId("announce", HTMLElement), signIn: document.getElementById("sign-in"),
  },
  () => (client.state.name === "refused" ? client.open() : client.wake()),
  { clock, setInterval: window.setInterval.bind(window) },
);
client.onState(connection.show);
window.setInterval(writeNumbers, 1_000);
onWake((hard) => client.wake(hard), { window, document, clock });
bindTabs(byId("elsewhere", HTMLElement));
if (document.getElementById("publish")) bindPublishForm(url, { fetch });
client.open();
