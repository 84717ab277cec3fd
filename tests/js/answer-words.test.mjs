// What is said about an answer, how its text is shown evenly, and what the inspector reckons.

import assert from "node:assert/strict";
import { test } from "node:test";

import { announcementFor } from "../../static/streams/js/chat/announcer.js";
import { createAnswerActions } from "../../static/streams/js/chat/answer-actions.js";
import { inLocalTime, leftOutLine, thinkingLine, troubleLine, usageLine, waitingLine } from "../../static/streams/js/chat/generation-words.js";
import { answerRows, speedOf } from "../../static/streams/js/chat/inspector-rules.js";
import { readGeneration } from "../../static/streams/js/chat/items.js";
import { createReveal } from "../../static/streams/js/chat/reveal.js";
import { createServerClock } from "../../static/streams/js/chat/server-clock.js";
import { formatClock } from "../../static/streams/js/times.js";
import { createClock } from "./fakes/clock.mjs";

const START_MS = Date.parse("2026-11-26T05:00:00.000Z");
const at = (seconds) => new Date(START_MS + seconds * 1000).toISOString();
const answer = (values = {}) => readGeneration(
  { generation: "g", label: "Claude", status: "running", asked_by: { id: "u:1", name: "Ada" }, timing: { asked: at(0), started: at(0) }, ...values },
  { seq: 1, time: at(0) },
);
const wait = (item, seconds, before = 0) => waitingLine(item, { now_ms: START_MS + seconds * 1000, before, attempts: 4 });

test("while there is nothing to read it is said what happens, and for how long", () => {
  assert.equal(wait(answer({ status: "queued" }), 9, 2), "2 answers before this one");
  assert.equal(wait(answer({ status: "queued" }), 9, 1), "1 answer before this one");
  const full = { type: "busy", message: "50 answers are being written where it waits (limit 50)", retryable: true };
  assert.equal(wait(answer({ status: "queued", error: full }), 9, 0), `Next in line: ${full.message}`);
  assert.equal(wait(answer({ status: "queued", error: full }), 9, 1), "1 answer before this one");
  assert.equal(wait(answer(), 1), "Claude is reading…");
  assert.equal(wait(answer(), 65), "Still waiting for Claude… 1 min 5 s");
  const busy = { status: "retrying", attempt: 2, retry_at: at(4), error: { message: "Claude is busy; try again in a moment" } };
  assert.equal(wait(answer(busy), 0.2), "Claude is busy. Trying again in 4 s (attempt 2 of 4)");
  assert.equal(wait(answer({ ...busy, attempt: 3 }), 5), "Claude is busy. Trying again… (attempt 3 of 4)");
  assert.equal(wait(answer({ attempt: 3 }), 4), "Claude is reading… 4 s (attempt 3 of 4)");
  assert.equal(wait(answer({ attempt: 5 }), 1), "Claude is reading… (attempt 5)"); // of a server that was told otherwise
});

test("thinking is counted while it lasts, and kept", () => {
  const now_ms = START_MS + 12_900;
  assert.equal(thinkingLine(answer({ thinking: "Hm" }), now_ms), "Thinking… 12 s");
  const after = { thinking: "Hm", text: "So", timing: { asked: at(0), started: at(1), first_text: at(9) } };
  assert.equal(thinkingLine(answer(after), now_ms), "Thought for 8 s");
});

test("each end says its reason and offers what helps", () => {
  const ends = (values) => troubleLine(answer({ text: "Half", ...values }));
  assert.equal(ends({ status: "done", stop_reason: "end_turn" }), null);
  assert.deepEqual(ends({ status: "stopped", by: { id: "u:2", name: "Ben" } }), { tone: "plain", text: "Stopped by Ben.", again: false, goOn: true });
  assert.equal(ends({ status: "failed", error: { message: "monthly spend limit reached", retryable: false } }).again, false);
  assert.deepEqual(ends({ status: "interrupted" }).goOn, true);
  assert.match(ends({ status: "done", stop_reason: "max_tokens" }).text, /^Cut off/);
  assert.match(ends({ status: "done", stop_reason: "model_context_window_exceeded" }).text, /too long/);
  assert.equal(ends({ status: "done", stop_reason: "constructor" }), null);
  const limited = { status: "failed", error: { message: "rate limit until 06:00 UTC", retryable: true }, timing: { ended: at(0) } };
  assert.equal(ends(limited).text, `Rate limit until ${formatClock(new Date(at(3600)))}. What had come is kept above.`);
  assert.equal(inLocalTime("until 04:10 UTC", at(0)), `until ${formatClock(new Date(at(-3000 + 86_400)))}`); // tomorrow's
  assert.equal(inLocalTime("until 04:10 UTC", null), "until 04:10 UTC");
  assert.equal(inLocalTime("until 2026-11-26 05:10 UTC", at(0)), `until ${formatClock(new Date(at(600)))}`); // today
  assert.match(inLocalTime("until 2027-01-02 05:10 UTC", at(0)), /2027/);
});

test("what was used is told with its marks: the cache, what is reckoned, what it cost", () => {
  const usage = { input_tokens: 1234, output_tokens: 56, cache_read_tokens: 1000, thinking_tokens: 20, cost_usd: 0.0123, estimated: false };
  const timing = { asked: at(0), started: at(0), ended: at(4) };
  const line = (values) => usageLine(answer({ usage: { ...usage, ...values }, timing })).replaceAll(/[,.]/g, "");
  assert.equal(line({}), "1234 tokens in (1000 from the cache) · 56 out (20 of thinking) · $0012 · 4 s");
  assert.equal(line({ estimated: true, cache_read_tokens: 0, thinking_tokens: 0 }), "1234 tokens in · ≈ 56 out · ≈ $0012 · 4 s");
  assert.equal(usageLine(answer()), "");
  assert.equal(leftOutLine(0), "");
  assert.match(leftOutLine(12), /^The oldest 12 .* were not sent/);
});

test("a burst is shown evenly, whole at its end, and no pair is cut", () => {
  const clock = createClock();
  const frames = [];
  let shown = "";
  let calm = false;
  const reveal = createReveal({ write: (text) => (shown += text), nextFrame: (run) => frames.push(run), clock, still: () => calm });
  const frame = (ms) => (clock.sleep(ms), frames.shift()?.());
  reveal.add("a");
  frame(16);
  clock.sleep(384);
  reveal.add("🌊🌊🌊🌊🌊");
  frame(100);
  assert.ok(shown.length < 11 && shown.length > 1 && shown.isWellFormed?.() !== false, shown);
  for (let count = 0; count < 5; count += 1) frame(100);
  assert.equal(shown, "a🌊🌊🌊🌊🌊");
  assert.equal(frames.length, 0);
  reveal.add("b");
  reveal.flush();
  assert.equal(shown.at(-1), "b");
  calm = true;
  reveal.add("c");
  assert.equal(shown.at(-1), "c");
});

test("the server's time is told by its events, whatever this machine's clock says", () => {
  const clock = createClock(START_MS + 3_600_000); // an hour ahead
  const server = createServerClock(clock);
  assert.equal(server.now(), clock.now());
  server.heard(at(-60)); // one that was said before
  server.heard(at(0));
  clock.sleep(5_000);
  server.heard(at(2));
  server.heard("never");
  assert.equal(server.now(), START_MS + 5_000);
});

test("the inspector reckons from characters while it grows, and from the count at the end", () => {
  const timing = { asked: at(0), started: at(1), first_text: at(2) };
  const growing = answer({ text: "x".repeat(80), timing });
  assert.deepEqual(speedOf(growing, START_MS + 4_000), { tokens_per_s: 10, exact: false });
  const done = answer({ status: "done", text: "x", usage: { output_tokens: 50, thinking_tokens: 10 }, timing: { ...timing, ended: at(6) } });
  assert.deepEqual(speedOf(done, 0), { tokens_per_s: 10, exact: true });
  const rows = Object.fromEntries(answerRows(done, 0));
  assert.deepEqual([rows["waited in line"], rows["first token after"]].map((text) => text.replaceAll(/\D/g, "")), ["1000", "1000"]);
});

test("a screen reader hears how an answer ended, and all of it where it wants to", () => {
  const ended = (values) => ({ kind: "ended", item: answer(values), sound: true });
  assert.deepEqual(announcementFor(ended({ status: "done", text: "one two" }), undefined), { urgent: false, text: "Claude finished, 2 words" });
  assert.equal(announcementFor(ended({ status: "done", text: "one two" }), undefined, { aloud: true }).text, "Claude: one two");
  assert.equal(announcementFor(ended({ status: "failed", error: { message: "busy" } }), undefined).urgent, true);
  assert.equal(announcementFor({ kind: "delta", item: answer(), text: "x" }, undefined), null);
});

test("a version is asked for under one id until it is acknowledged; one's own answer that is written is stopped", async () => {
  const asked = [];
  let fails = true;
  const open = [answer({ generation: "a" }), answer({ generation: "b", status: "queued" })];
  const actions = createAnswerActions({
    async ask(operation) {
      asked.push(operation);
      if (fails) throw new Error("The connection was lost.");
      return {};
    },
    viewer: () => ({ id: "u:1", name: "Ada", kind: "user" }), role: () => "member", mayTalk: () => true,
    open: () => open, say() {}, show: async () => {}, createId: () => `c${asked.length}`, model: () => undefined,
  });
  await assert.rejects(actions.regenerate(open[0]), /lost/);
  fails = false;
  await actions.regenerate(open[0]);
  await actions.regenerate(open[0]);
  assert.deepEqual(asked.map(({ client_id }) => client_id), ["c0", "c0", "c2"]);
  await actions.stopOwn();
  assert.deepEqual(asked.at(-1), { op: "stop", generation: "a" });
  await actions.show(open[0], { generation: "z", status: "done" });
  assert.deepEqual(asked.at(-1), { op: "choose", generation: "z" });
  assert.equal(actions.mayStop(answer({ asked_by: { id: "u:2", name: "Ben" } })), false);
});
