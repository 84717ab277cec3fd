// The race without a page: strips, standings, words and loads.

import assert from "node:assert/strict";
import { test } from "node:test";

import { figureWords, formatDelay, laneState } from "../../static/streams/js/topics/race/lane-words.js";
import { bodyOf, LOADS } from "../../static/streams/js/topics/race/load.js";
import { tellStanding } from "../../static/streams/js/topics/race/standing.js";
import { createStrip } from "../../static/streams/js/topics/race/strip.js";
import { stripPaths, tickHeight } from "../../static/streams/js/topics/race/strip-view.js";
import { createClock } from "../js/fakes/clock.mjs";

const runner = (name, seq, more = {}) => ({ name, position: `epoch-${seq}`, missed: 0, lost: 0, ...more });

test("the standing says who leads and who is behind by how much", () => {
  assert.equal(
    tellStanding([runner("SSE", 41), runner("WebSocket", 41), runner("long polling", 29)], "epoch-41"),
    "SSE and WebSocket at 41; long polling 12 behind. Nothing is missing anywhere.",
  );
  assert.equal(tellStanding([runner("SSE", 1041), runner("poll", 1041)], "epoch-1040"), "All stand level at 1,041. Nothing is missing anywhere.");
  assert.equal(
    tellStanding([runner("SSE", 39), runner("poll", 38)], "epoch-41"),
    "The newest event is 41; SSE 2 behind, poll 3 behind. Nothing is missing anywhere.",
  );
});

test("the standing hides neither what was missed nor what was lost", () => {
  assert.match(tellStanding([runner("SSE", 5, { missed: 1204 })], "epoch-5"), /Missed, and told so: 1,204 by SSE\. Nothing else is missing\.$/);
  assert.match(tellStanding([runner("SSE", 5, { missed: 9, lost: 3 })], "epoch-5"), /Lost without a word: 3 by SSE\.$/);
});

test("one that comes back from long ago is behind by the whole log", () => {
  assert.match(tellStanding([runner("SSE", 41), { ...runner("poll", 0), position: "0" }], "epoch-41"), /poll 41 behind/);
});

test("a strip is bounded, and moves with the clock", async () => {
  const clock = createClock(0);
  const strip = createStrip({ clock, slots: 10, slot_ms: 100 });
  strip.become(true);
  strip.event(false);
  strip.event(true);
  await clock.advance(300);
  strip.gap();
  const row = strip.read();
  assert.equal(row.length, 10);
  assert.deepEqual(row.map(({ events }) => events), [0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
  assert.deepEqual(row.map(({ gap }) => gap).lastIndexOf(true), 9);
  assert.deepEqual(row.map(({ reading }) => reading), [false, false, false, false, false, false, true, true, true, true]);
  await clock.advance(3_600_000);
  assert.ok(strip.read().every(({ events, gap, reading }) => !events && !gap && reading === true));
});

test("a clock that is set back does not stop a strip for ever", async () => {
  const clock = createClock(0);
  const strip = createStrip({ clock, slots: 4, slot_ms: 100 });
  strip.event(false);
  clock.sleep(-60_000);
  strip.event(false);
  await clock.advance(200);
  assert.deepEqual(strip.read().map(({ events }) => events), [0, 2, 0, 0]);
});

test("one event is seen, and a thousand fit", () => {
  assert.equal(tickHeight(0), 0);
  assert.ok(tickHeight(1) > 5);
  assert.ok(tickHeight(10) > tickHeight(1));
  assert.ok(tickHeight(100_000) <= 36);
});

test("what is drawn: ticks by what they hold, gaps, and a line where somebody reads", () => {
  const slot = { events: 0, late: 0, gap: false, reading: false };
  const paths = stripPaths([
    slot, { ...slot, events: 3, reading: true }, { ...slot, events: 3, late: 3, reading: "stalled" }, { ...slot, gap: true },
  ]);
  assert.deepEqual(
    Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, path.split("M").slice(1).map((part) => Number(part.split(" ")[0]))])),
    { live: [1], late: [2], gap: [3], reading: [1], stalled: [2] },
  );
});

test("a lane's state is a word", () => {
  assert.deepEqual(laneState({ name: "live" }, 0, 0), { state: "live", word: "Live" });
  assert.deepEqual(laneState({ name: "live" }, 6_500, 0), { state: "stalled", word: "Stalled, 7 s" });
  assert.deepEqual(laneState({ name: "waiting", retry_at_ms: 2_400 }, 0, 1_000), { state: "waiting", word: "Back in 2 s" });
  assert.deepEqual(laneState({ name: "refused", reason: "kicked" }, 0, 0), { state: "refused", word: "Kicked" });
  assert.deepEqual(laneState({ name: "refused", reason: "what" }, 0, 0), { state: "refused", word: "Refused" });
  assert.deepEqual(laneState({ name: "offline" }, 0, 0), { state: "offline", word: "Offline" });
});

test("figures are short", () => {
  assert.deepEqual(
    figureWords({ received: 1204, median_ms: 7.6, p95_ms: 1_240, bytes: 2_936_012, requests: 3 }),
    { events: "1,204", median: "8 ms", p95: "1.24 s", bytes: "2.8 MiB", requests: "3" },
  );
  assert.equal(formatDelay(null), "–");
  assert.equal(formatDelay(300_000), "5 min");
});

test("a load is lines of the size that it says, numbered, and without numbers in its data", () => {
  const lines = bodyOf(LOADS.burst, 501).split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, 500);
  assert.match(lines[0].data, /^501 of 2000 /);
  assert.equal(JSON.stringify(lines[0].data).length, 1_024);
  assert.equal(bodyOf(LOADS.burst, 1_999).split("\n").length, 2);
});
