// @ts-check
// The first page of the admin: reads what the site tells of itself, and draws it.

import { createConnectionView } from "../connection-view.js";
import { byId, readPageData } from "../dom.js";
import { showNotice } from "../notices.js";
import { createChartView } from "./chart-view.js";
import { createChoices } from "./choices.js";
import { readColours, watchColours } from "./colours.js";
import { figuresOf } from "./figures.js";
import { clock, format } from "./format.js";
import { createPainter } from "./painter.js";
import { PANELS } from "./panels.js";
import { busiestRows, closeRows, processRows, slowestRows } from "./rows.js";
import { createSession } from "./session.js";
import { createTableView } from "./table-view.js";
import { createTilesView } from "./tiles-view.js";
import { silenceWords } from "./words.js";

const CALM_MS = 5_000; // between two drawings for those who asked for less motion

const page = readPageData("dashboard-data");
const board = byId("dashboard", HTMLElement);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const charts = PANELS.map((panel) => createChartView(/** @type {any} */ (globalThis).Chart, panel, readColours(board)));
byId("panels", HTMLElement).replaceChildren(...charts.map(({ element }) => element));
const tiles = createTilesView(byId("tiles", HTMLElement));
const table = (/** @type {string} */ id, /** @type {string} */ nothing) => createTableView(byId(id, HTMLTableElement), nothing);
const processes = table("processes", "No process has told of itself yet.");
const tables = page.people && {
  slowest: table("slowest", "Nobody is behind."),
  busiest: table("busiest", "Nothing is published, and nobody reads."),
  closes: table("closes", "No connection has ended within the last hour."),
};
const claude = charts.find(({ name }) => name === "claude");
const silence = byId("silence", HTMLElement);

const painter = createPainter(paint, {
  requestFrame: (run) => void requestAnimationFrame(run),
  setTimeout: (run, ms) => void setTimeout(run, ms),
  now: () => performance.now(),
  atLeast_ms: () => (calm.matches ? CALM_MS : 0),
});
const choices = createChoices(choose);
const connection = createConnectionView(
  {
    word: byId("state", HTMLElement), bar: byId("lost", HTMLElement), sentence: byId("lost-sentence", HTMLElement),
    retry: byId("lost-retry", HTMLButtonElement), spoken: byId("spoken", HTMLElement), signIn: byId("lost-sign-in", HTMLElement),
  },
  () => session.wake(),
  { clock: Date, setInterval },
);
let session = begin();

function begin() {
  return createSession(page, choices.now.span_s, {
    onNews: painter.mark,
    onState(state) {
      connection.show(state);
      board.dataset.stream = state.name;
    },
    onNotice: showNotice,
  });
}

function paint() {
  const { samples, operation } = session;
  const { span_s, process, tables: asTables } = choices.now;
  const { beat_s } = page;
  const [all, seen, newest] = [samples.all, samples.processes(), samples.newest];
  board.dataset.loaded = String(Boolean(newest));
  tiles.draw(figuresOf(all, { process, span_s, beat_s }));
  const view = { samples: all, process, span_s, beat_s, tables: asTables, loaded: Boolean(newest) };
  for (const chart of charts) chart.draw(view, Date.now());
  choices.offer(seen);
  processes.draw(processRows(seen, newest?.time_s ?? 0));
  const today = newest?.signs.claude;
  if (today) {
    const tokens = `${format("count", today.input_tokens)} tokens read, ${format("count", today.output_tokens)} written`;
    claude?.note(`today: ${tokens}, about ${format("usd", today.spend_usd)}`);
  }
  byId("as-of", HTMLElement).textContent = newest ? clock(newest.time_s) : "";
  if (!tables || !operation) return;
  tables.slowest.draw(slowestRows(operation.slowest, page));
  tables.busiest.draw(busiestRows(operation.busiest, page));
  tables.closes.draw(closeRows(operation.closes, page, clock));
}

/** @param {import("./choices.js").Choices} chosen @param {keyof import("./choices.js").Choices} changed */
function choose({ span_s, paused }, changed) {
  if (changed === "paused") return painter.setPaused(paused);
  if (changed === "span_s" && span_s > session.span_s) {
    session.close();
    session = begin();
    choices.resume(); // what would stand still is empty
    painter.setPaused(false);
  }
  for (const chart of charts) chart.forget();
  painter.force();
}

watchColours(() => {
  const colours = readColours(board);
  for (const chart of charts) chart.recolour(colours);
  painter.force();
});
setInterval(() => {
  const silent_s = (Date.now() - session.told_ms) / 1000;
  const any = Boolean(session.samples.newest);
  const words = silenceWords({ live: session.state.name === "live", silent_s, beat_s: page.beat_s, any });
  if (silence.textContent !== words) silence.textContent = words;
  silence.hidden = !words;
}, 1_000);
painter.mark();
