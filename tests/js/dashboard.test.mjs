// The dashboard without its page: samples, lines, figures, formats, rows, and when it is drawn.

import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, tableOf } from "../../static/streams/js/dashboard/describe.js";
import { figuresOf, levelOf } from "../../static/streams/js/dashboard/figures.js";
import { format, isPower } from "../../static/streams/js/dashboard/format.js";
import { createPainter } from "../../static/streams/js/dashboard/painter.js";
import { PANELS } from "../../static/streams/js/dashboard/panels.js";
import { closeRows, processRows, slowestRows } from "../../static/streams/js/dashboard/rows.js";
import { createSamples } from "../../static/streams/js/dashboard/samples.js";
import { pointsOf, rangeOf, sampleAt, totalOf } from "../../static/streams/js/dashboard/series.js";
import { reasonWords, silenceWords } from "../../static/streams/js/dashboard/words.js";

const START_S = Date.parse("2026-11-23T04:00:00Z") / 1000;
const NBSP = "\u00a0";
const lag = (signs) => signs.lag_max;
const vitals = (second, signs = {}, processes = []) => ({
  type: "vitals", topic: "system", time: new Date((START_S + second) * 1000).toISOString(),
  data: { lag_max: second, errors: 1, connections: { sse: 2, websocket: 1 }, processes, ...signs },
});
const process = (name, age_s, signs = {}) => ({ name, state: "serving", age_s, connections: { sse: 1 }, lag_max: 7, ...signs });
const filled = (seconds, options = { span_s: 300 }) => {
  const samples = createSamples(options);
  for (const second of seconds) samples.add(vitals(second));
  return samples;
};
const upTo = (count) => Array.from({ length: count }, (_, at) => at);

test("samples are kept for the span and no longer, and never more than fit into it", () => {
  const samples = filled(upTo(1_000));
  assert.deepEqual([samples.all[0].time_s - START_S, samples.newest.time_s - START_S], [699, 999]);
  const burst = createSamples({ span_s: 300 });
  for (let at = 0; at < 5_000; at += 1) burst.add(vitals(at / 1_000));
  assert.ok(burst.all.length <= 310);
});

test("what is no vital signs is passed over, and a clock that goes back does not make time go back", () => {
  const samples = createSamples({ span_s: 300 });
  assert.equal(samples.add({ type: "operation", data: {} }), false);
  assert.equal(samples.add({ type: "vitals", data: null }), false);
  samples.add(vitals(10));
  samples.add(vitals(8));
  assert.ok(samples.all[1].time_s > samples.all[0].time_s);
});

test("a process that stopped is gone, and is forgotten after the span", () => {
  const samples = createSamples({ span_s: 300 });
  samples.add(vitals(0, {}, [process("aaaa", 50), process("bbbb", 90)]));
  samples.add(vitals(1, {}, [process("aaaa", 51), process("cccc", 1, { state: "draining" })]));
  assert.deepEqual(samples.processes().map(({ name, state }) => [name, state]), [["aaaa", "serving"], ["cccc", "draining"], ["bbbb", "gone"]]);
  const [, , gone] = processRows(samples.processes(), START_S + 31);
  assert.deepEqual([gone.cells[1].text, gone.cells[2], gone.cells[3]], ["gone", `31${NBSP}s ago`, "–"]);
  samples.add(vitals(302, {}, [process("aaaa", 352)]));
  assert.deepEqual(samples.processes().map(({ name }) => name), ["aaaa"]);
});

test("processes that come and go make no endless list", () => {
  const samples = createSamples({ span_s: 3_600 });
  for (const second of upTo(500)) samples.add(vitals(second, {}, [process(`p${second}`, 0)]));
  assert.ok(samples.processes().length <= 40);
});

test("a line has a hole where nothing was told, and none where a beat was late", () => {
  const samples = filled([0, 1, 3.4, 20, 21]).all;
  const points = pointsOf(samples, lag, { from_s: START_S, span_s: 300 });
  assert.deepEqual(points.map(({ y }) => y), [0, 1, 3.4, NaN, 20, 21]);
  const slow = filled([0, 5, 10, 15], { span_s: 300, beat_s: 5 }).all;
  assert.deepEqual(pointsOf(slow, lag, { from_s: START_S, span_s: 300, beat_s: 5 }).length, 4);
});

test("an hour has as many points as a chart has room for, and its peaks; what is counted is added", () => {
  const samples = filled(upTo(3_600), { span_s: 3_600 });
  const view = { from_s: START_S, span_s: 3_600 };
  const points = pointsOf(samples.all, (signs) => (signs.lag_max === 1_801 ? 9_999 : 1), view);
  assert.equal(points.length, 300);
  assert.equal(rangeOf(points).most, 9_999);
  assert.deepEqual(pointsOf(samples.all, (signs) => signs.errors, { ...view, add: true })[7].y, 12);
});

test("of one process its own signs are read, while it is there", () => {
  const samples = createSamples({ span_s: 300 });
  samples.add(vitals(0, {}, [process("aaaa", 0)]));
  samples.add(vitals(1, {}, []));
  assert.deepEqual(pointsOf(samples.all, lag, { process: "aaaa", from_s: 0, span_s: 300 }).map(({ y }) => y), [7]);
  assert.deepEqual(pointsOf(samples.all, lag, { process: "zzzz", from_s: 0, span_s: 300 }), []);
});

test("nothing delivered is no latency, and not one of zero", () => {
  const samples = createSamples({ span_s: 300 });
  samples.add(vitals(0, { latency_p99_ms: null }));
  const { lines: [{ read }] } = PANELS.find(({ name }) => name === "latency");
  assert.deepEqual(pointsOf(samples.all, read, { from_s: 0, span_s: 300 }), []);
});

test("connections of every kind are in the chart, those that it has no name for too", () => {
  const { lines } = PANELS.find(({ name }) => name === "connections");
  const connections = { sse: 5, report: 2, file: 1, semaphore: 4 };
  assert.deepEqual(lines.map(({ read }) => read({ connections })), [5, 0, 0, 0, 0, 7]);
});

test("a figure says how it was a minute ago, if that is known", () => {
  const figures = (seconds, process = "") => Object.fromEntries(
    figuresOf(filled(seconds).all, { process, span_s: 300, beat_s: 1 }).map((one) => [one.name, one]),
  );
  const { lag, connections, errors } = figures(upTo(200));
  assert.deepEqual([lag.value, lag.before, lag.level], [199, "139 a minute ago", "watch"]);
  assert.deepEqual([connections.value, errors.value, errors.before], [3, 200, "61 in the last minute"]);
  assert.equal(figures([0, 1, 2]).lag.before, "");
  assert.equal(figures(upTo(200), "gone").lag.value, undefined);
  assert.deepEqual(figuresOf([], { process: "", span_s: 300, beat_s: 1 }).map(({ value }) => value), Array(6).fill(undefined));
  assert.deepEqual([levelOf("p99", 1_000), levelOf("p99", null), levelOf("errors", 0)], ["bad", "", ""]);
});

test("one connection is that of who looks", () => {
  const samples = createSamples({ span_s: 300 });
  samples.add(vitals(0, { connections: { sse: 1 } }));
  assert.equal(figuresOf(samples.all, { process: "", span_s: 300, beat_s: 1 })[0].before, "only this page");
});

test("the sample of a moment is the nearest one that is near", () => {
  const { all } = filled([0, 1, 2, 30]);
  assert.equal(sampleAt(all, START_S + 1.6).time_s, START_S + 2);
  assert.equal(sampleAt(all, START_S + 15), undefined);
  assert.equal(sampleAt([], 0), undefined);
  assert.equal(totalOf(all, (signs) => signs.errors, { from_s: START_S + 2 }), 2);
});

test("numbers have few figures and their unit", () => {
  const table = [
    ["per_s", 1_234, "1.2k/s"], ["per_s", 0, "0/s"], ["per_s", 12_345, "12.3k/s"], ["ms", 35, `35${NBSP}ms`], ["ms", 0.04, `0.04${NBSP}ms`],
    ["ms", 1_500, `1.5${NBSP}s`], ["bytes", 12e6, `12${NBSP}MB`], ["bytes", 999, `999${NBSP}B`], ["bytes", 999_600, `1${NBSP}MB`],
    ["percent", 7.25, `7.3${NBSP}%`], ["count", 128_400, "128k"], ["usd", 1.234, "$1.23"], ["s", 59, `59${NBSP}s`],
    ["s", 3_700, `62${NBSP}min`], ["s", 200_000, `2${NBSP}days`], ["count", null, "–"], ["ms", NaN, "–"], ["count", -1_500, "-1.5k"],
  ];
  for (const [unit, value, text] of table) assert.equal(format(unit, value), text);
  assert.deepEqual([0.1, 1, 1_000, 5, 0, 200].map(isPower), [true, true, true, false, false, false]);
});

test("a chart is a sentence and a table", () => {
  const points = pointsOf(filled(upTo(300)).all, lag, { from_s: START_S, span_s: 300 });
  const lines = [{ label: "Events", points }, { label: "None", points: [] }];
  assert.equal(describe("Lag", "count", lines, 300), "Lag over the last 5 minutes. Events: now 299, between 0 and 299. None: nothing.");
  const rows = tableOf(lines, { now_s: START_S + 299, span_s: 300 });
  assert.deepEqual(rows.slice(0, 3).map(({ values }) => values[0]), [299, 270, 240]);
  assert.ok(rows.length <= 11);
});

test("reasons are said in words, those that nobody knows too", () => {
  assert.deepEqual(["kicked", "lagged", "over_there", ""].map(reasonWords), ["disconnected by an operator", "was too slow", "over there", "unknown"]);
});

test("rows link to what they tell of, if it has a page", () => {
  const slow = [{ connection: "a/b", who: "Ann", technique: "sse", topic: "room:x", lag: 12, waiting_bytes: 4_096 }];
  const [row] = slowestRows(slow, { connection: "/c/ID/change/", topic: "/topics/NAME" });
  assert.deepEqual(row.cells.map((cell) => cell.text ?? cell), ["Ann", "Server-sent events", "room:x", "12", `4.1${NBSP}kB`]);
  assert.deepEqual([row.cells[0].href, row.cells[2].href], ["/c/a%2Fb/change/", "/topics/room%3Ax"]);
  const closes = [{ connection: "c", who: "Ann", technique: "sse", reason: "died", time: 0, seconds: 90 }];
  const [closed] = closeRows(closes, { connection: null, topic: "" }, () => "04:00:00");
  assert.deepEqual([closed.cells[1].href, closed.cells[3]], [null, { text: "its process died", className: "trouble" }]);
});

test("silence is told only of a stream that lives, and when it is one", () => {
  const now = { live: true, silent_s: 6.4, beat_s: 1, any: true };
  assert.match(silenceWords(now), /No vital signs for 6 s/);
  assert.deepEqual([{ live: false }, { silent_s: 3 }, { beat_s: 5 }].map((part) => silenceWords({ ...now, ...part })), ["", "", ""]);
});

function painting({ calm_ms = 0 } = {}) {
  const frames = [], timers = [];
  const world = { now_ms: 0, painted: 0, calm_ms };
  const painter = createPainter(() => void (world.painted += 1), {
    requestFrame: (run) => void frames.push(run), setTimeout: (run, ms) => void timers.push([run, ms]),
    now: () => world.now_ms, atLeast_ms: () => world.calm_ms,
  });
  const frame = () => frames.splice(0).forEach((run) => run());
  return { world, painter, frames, timers, frame };
}

test("whatever comes within a frame is drawn once, and a tab that nobody sees not at all", () => {
  const { world, painter, frames, frame } = painting();
  for (const _ of upTo(300)) painter.mark();
  assert.deepEqual([frames.length, world.painted], [1, 0], "no frame comes while the tab is hidden");
  frame();
  assert.equal(world.painted, 1);
  painter.mark();
  frame();
  assert.equal(world.painted, 2);
});

test("paused it stands still, and catches up in one drawing; what a person asks for is drawn at once", () => {
  const { world, painter, frames, frame } = painting();
  painter.setPaused(true);
  painter.mark();
  frame();
  assert.equal(world.painted, 0);
  painter.force();
  assert.equal(world.painted, 1);
  painter.setPaused(false);
  assert.equal(frames.length, 1);
  frame();
  assert.equal(world.painted, 2);
});

test("who asked for less motion is shown a drawing every five seconds", () => {
  const { world, painter, frames, timers, frame } = painting({ calm_ms: 5_000 });
  painter.mark();
  frame();
  world.now_ms = 1_000;
  painter.mark();
  painter.mark();
  assert.deepEqual([frames.length, timers.map(([, ms]) => ms)], [0, [4_000]]);
});
