// @ts-check
// The page of a topic: its events as they come, its numbers alive, and the race of the techniques.

import { createConnectionView } from "../connection-view.js";
import { browserClock } from "../connection.js";
import { byId } from "../dom.js";
import { seqOf } from "../position.js";
import { showNotice } from "../notices.js";
import { createStream } from "../streams.js";
import { bindTabs } from "../tabs.js";
import { formatClockSeconds } from "../times.js";
import { tellEpisode } from "./episode-words.js";
import { createRow } from "./event-row.js";
import { createFeed } from "./feed.js";
import { formatNumber } from "./numbers.js";
import { bindPublishForm } from "./publish.js";
import { createRace } from "./race/race.js";
import { readRecent } from "./recent.js";
import { createRecord } from "./record.js";
import { createSkew } from "./skew.js";
import { createVitals } from "./vitals.js";

const FLUSH_MS = 120; // events are drawn in batches, however fast they come
const SHARE = 5; // and drawing takes no more than this part of the time
const MAX_ROWS = 200;
const RECENT = 100;

const clock = browserClock;
const fetch = window.fetch.bind(window);
const { events: url = "", feed: feedUrl = "", group = "" } = byId("topic", HTMLElement).dataset;
const skew = createSkew();
const feed = createFeed({ clock, maxRows: MAX_ROWS });
const vitals = createVitals(byId("vitals-frame", HTMLElement), byId("vitals", HTMLElement));
const list = byId("events", HTMLElement);
const pause = byId("pause", HTMLButtonElement);
let flushing = false;
let pace_ms = FLUSH_MS;

/** @param {import("../connection.js").Envelope} envelope @param {{ live: boolean }} how */
function take(envelope, how) {
  feed.push(envelope, how);
  vitals.add(envelope.data);
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
  if (!feed.paused) vitals.draw();
  writeNumbers();
}

function writeNumbers() {
  const element = byId("position", HTMLElement);
  element.textContent = (seqOf(record.position) ?? 0).toLocaleString();
  element.title = record.position;
  byId("seen", HTMLElement).textContent = feed.seen.toLocaleString();
  byId("rate", HTMLElement).textContent = formatNumber(feed.rate);
  byId("no-events", HTMLElement).hidden = list.children.length > 0 || feed.held > 0;
  const word = feed.paused ? (feed.held ? `Resume, ${feed.held.toLocaleString()} new` : "Resume") : "Pause";
  if (pause.textContent !== word) pause.textContent = word;
}

/** The last break, once it is over: what a person who looks again later wants to know. */
function writeEpisode() {
  const { episode } = record;
  if (!episode || (episode.back_ms ?? Infinity) > clock.now()) return;
  const text = `${formatClockSeconds(new Date(episode.back_ms ?? 0))} · ${tellEpisode(episode, clock.now())}`;
  const element = byId("happened", HTMLElement);
  element.hidden = false;
  if (element.textContent !== text) element.textContent = text;
}

pause.addEventListener("click", () => {
  feed.pause(!feed.paused);
  pause.setAttribute("aria-pressed", String(feed.paused));
  list.classList.toggle("paused", feed.paused);
  flush();
});

const recent = await readRecent(feedUrl, RECENT, { fetch, onDate: (said_ms) => void skew.hear(said_ms, clock.now()) });
const from = recent?.last_event_id ?? `-${RECENT}`;
const record = createRecord({ clock, skew, position: from });
for (const envelope of recent?.events ?? []) take(envelope, { live: false });

const client = createStream(feedUrl, { shared: group, from, clock });
client.onNotice(showNotice);
client.onEvent((envelope) => take(envelope, { live: !record.take(envelope) }));
client.onGap((gap) => {
  record.gap(gap);
  feed.gap(gap);
  flushSoon();
});
client.onState((state) => record.become(state, client.lastEventId));
const connection = createConnectionView(
  {
    word: byId("state", HTMLElement), bar: byId("trouble", HTMLElement), sentence: byId("trouble-text", HTMLElement),
    retry: byId("try-now", HTMLButtonElement), spoken: byId("announce", HTMLElement), signIn: document.getElementById("sign-in"),
  },
  () => (client.state.name === "refused" ? client.open() : client.wake()),
  { clock, setInterval: window.setInterval.bind(window) },
);
client.onState(connection.show);
window.setInterval(() => {
  writeNumbers();
  writeEpisode();
}, 1_000);
bindTabs(byId("elsewhere", HTMLElement));
if (document.getElementById("publish")) bindPublishForm(url, { fetch });
client.open();
createRace(byId("race", HTMLDetailsElement), { url: feedUrl, publishUrl: url, head: () => record.position, clock, skew, fetch });
