// What one reader has lived through, and the sentence that is made of it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { tellEpisode } from "../../static/streams/js/topics/episode-words.js";
import { createRecord, quantile } from "../../static/streams/js/topics/record.js";
import { createSkew } from "../../static/streams/js/topics/skew.js";
import { createClock } from "../js/fakes/clock.mjs";

const START_MS = Date.parse("2026-11-23T04:43:00Z");
let clock, skew, record;

beforeEach(() => {
  clock = createClock(START_MS);
  skew = createSkew();
  record = createRecord({ clock, skew, position: "epoch-40" });
});

/** An event that was published `ago_ms` ago by the page's clock. */
const event = (seq, ago_ms = 5) => ({ id: `epoch-${seq}`, topic: "t", type: "message", data: 1, time: new Date(clock.now() - ago_ms).toISOString() });
const become = (name) => record.become({ name }, "");
const words = () => tellEpisode(record.episode, clock.now());
const gap = (resumed, lost, reason = "lagged") => record.gap({ topic: "t", requested: "", resumed_at: `epoch-${resumed}`, lost, reason });

test("all is well, and there is nothing to tell", () => {
  become("live");
  assert.equal(record.take(event(41)), false);
  assert.equal(record.episode, null);
  assert.equal(record.position, "epoch-41");
  assert.equal(record.figures.received, 1);
});

test("a cut is told while it lasts, and afterwards what was caught up on", async () => {
  become("live");
  record.take(event(41));
  become("waiting");
  assert.equal(words(), "Cut off after 41.");
  await clock.advance(1_000);
  become("connecting");
  become("waiting"); // another attempt that failed is the same cut
  become("connecting");
  become("live");
  assert.equal(words(), "Resumed after 41: nothing had come meanwhile.");
  for (let seq = 42; seq < 49; seq += 1) assert.equal(record.take(event(seq, 600)), true);
  assert.equal(words(), "Resumed after 41: 7 events caught up; nothing lost.");
  await clock.advance(100);
  assert.equal(record.take(event(49)), false, "published after the return");
  assert.equal(words(), "Resumed after 41: 7 events caught up; nothing lost.");
});

test("the events of a long absence say how long it was", async () => {
  become("live");
  record.take(event(41));
  become("waiting");
  await clock.advance(300_000);
  become("live");
  record.take(event(42, 299_000));
  assert.equal(words(), "Resumed after 41: 1 event caught up from the last 5 minutes; nothing lost.");
});

test("a stall counts down, and ends by itself", async () => {
  become("live");
  record.take(event(41));
  record.begin("stalled", "epoch-41", clock.now() + 10_000);
  await clock.advance(2_500);
  assert.equal(words(), "Does not read after 41, for 8 s more.");
  await clock.advance(7_500);
  for (let seq = 42; seq < 52; seq += 1) record.take(event(seq, 3_000));
  assert.equal(words(), "Resumed after 41: 10 events caught up; nothing lost.");
});

test("a gap is told with its reason, and counts as missed but not as lost", () => {
  become("live");
  record.take(event(41));
  record.begin("stalled", "epoch-41", clock.now());
  gap(1245, 1_204);
  record.take(event(1246));
  assert.equal(words(), "Resumed after 41: 1,204 events missed, this reader was too slow.");
  assert.deepEqual([record.figures.missed, record.figures.lost], [1_204, 0]);
});

test("a gap of unknown size is no number", () => {
  become("live");
  gap(7, null, "epoch");
  assert.equal(words(), "Fell behind after 40: some events missed, the log was reset.");
});

test("one who comes back from long ago is told what is no longer kept", async () => {
  record = createRecord({ clock, skew, position: "0" });
  record.begin("rewound", "0");
  assert.equal(words(), "Comes back from 0, long ago.");
  record.become({ name: "live" }, "epoch-0");
  gap(27, 27, "trimmed");
  skew.hear(0, 0);
  record.take(event(28, 7_200_000));
  assert.equal(words(), "Came back from 0: 1 event caught up from the last 2 hours; 27 events missed, they are older than what is kept.");
});

test("a hole that nobody told of is seen", () => {
  become("live");
  record.take(event(41));
  record.take(event(45));
  assert.equal(record.figures.lost, 3);
  assert.match(words(), /3 events lost without a word/);
});

test("a hole in a room was an answer's, and is not lost", () => {
  become("live");
  record.take({ ...event(45), topic: "room:lobby" });
  assert.equal(record.figures.lost, 0);
  assert.equal(record.position, "epoch-45");
});

test("late events are an episode of their own, though the connection never said a word", async () => {
  become("live");
  record.take(event(41));
  await clock.advance(60_000);
  assert.equal(record.take(event(42, 50_000)), true);
  assert.equal(words(), "Fell behind after 41: 1 event caught up; nothing lost.");
});

test("a place that was 'from now on' becomes one; any other is not moved by the server", () => {
  record = createRecord({ clock, skew, position: "" });
  record.become({ name: "live" }, "epoch-7");
  assert.equal(record.position, "epoch-7");
  record.become({ name: "live" }, "epoch-9");
  record.take(event(10));
  assert.equal(record.figures.lost, 2);
});

test("delays are the median and the 95th of a hundred, beyond the quickest", () => {
  for (let seq = 41; seq <= 140; seq += 1) record.take(event(seq, 1_000 + seq - 41));
  assert.equal(record.figures.median_ms, 49);
  assert.equal(record.figures.p95_ms, 94);
  assert.equal(quantile([], 0.5), null);
});

test("only the newest two hundred delays count", () => {
  record.take(event(41, 0));
  for (let seq = 42; seq < 42 + 250; seq += 1) record.take(event(seq, 500));
  for (let seq = 292; seq < 292 + 200; seq += 1) record.take(event(seq, 7));
  assert.equal(record.figures.p95_ms, 7);
});

test("a page whose clock is an hour wrong measures the same", () => {
  for (const wrong_ms of [-3_600_000, 3_600_000]) {
    const one = createSkew();
    const apart = [20, 5, 12].map((way_ms) => one.hear(START_MS, START_MS + wrong_ms + way_ms));
    assert.deepEqual(apart.map(one.delay), [15, 0, 7]);
  }
});

test("a clock that is set while the page is open is noticed after ten seconds; a slow catching up is not taken for it", () => {
  skew.hear(0, 5);
  for (let at_ms = 0; at_ms <= 10_000; at_ms += 1_000) skew.hear(at_ms, at_ms + 300_005);
  assert.equal(skew.delay(skew.hear(20_000, 320_007)), 2);
  for (let at_ms = 0; at_ms <= 60_000; at_ms += 1_000) skew.hear(30_000 + at_ms * 2, 400_000 + at_ms + 300_000);
  assert.equal(skew.delay(300_007), 2);
});

test("events without a time are counted, and measure nothing", () => {
  record.take({ ...event(41), time: undefined });
  assert.equal(record.figures.received, 1);
  assert.equal(record.figures.median_ms, null);
});
