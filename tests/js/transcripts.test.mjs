// The clients read what docs/wire.md shows, to the byte.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createStream } from "../../static/streams/js/streams.js";
import { createClock, createRandom } from "./fakes/clock.mjs";
import { watch } from "./fakes/world.mjs";
import { SEED, splits } from "./splits.mjs";

const MEDIA = { sse: "text/event-stream; charset=utf-8", ndjson: "application/x-ndjson" };
const ONE = "http://site.test/events/orders";
const SEVERAL = "http://site.test/events?topic=orders&topic=stock";
const bytesOf = (name) => readFileSync(new URL(`../transcripts/${name}`, import.meta.url));
const framesOf = (name) => bytesOf(name).toString().trim().split("\n");

/** What a stream tells of a body that comes in these chunks and then is cut. */
async function readBody(url, technique, chunks) {
  const clock = createClock();
  let asked = 0;
  const fetch = async () => {
    if (asked++) return new Promise(() => {});
    const body = new ReadableStream({
      async pull(controller) {
        if (!chunks.length) controller.error(new TypeError("cut"));
        else controller.enqueue(chunks.shift());
      },
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "Content-Type": MEDIA[technique] } });
  };
  const notes = watch(createStream(url, { technique, fetch, clock, random: createRandom(1), isOnline: () => true }));
  notes.stream.open();
  await clock.until(() => notes.names.at(-1) === "waiting");
  return notes;
}

const ORDER = { id: "k7m2p9xq-42", topic: "orders", type: "order_update", data: { number: 17, state: "paid" } };
const TIME = "2026-11-23T04:43:00.123Z";
const CASES = {
  "sse-stream.txt": [ONE, "sse", {
    events: [{ ...ORDER, time: undefined }, { id: "k7m2p9xq-43", topic: "orders", type: "message", data: "two lines:\nthis is the second", time: undefined }],
    gaps: [], position: "k7m2p9xq-43", reason: "lost",
  }],
  "sse-gap.txt": [ONE, "sse", {
    events: [{ id: "k7m2p9xq-40", topic: "orders", type: "message", data: 40, time: undefined }],
    gaps: [{ topic: "orders", requested: "k7m2p9xq-12", resumed_at: "k7m2p9xq-39", lost: 27, reason: "trimmed" }],
    position: "k7m2p9xq-40", reason: "lost",
  }],
  "sse-several.txt": [SEVERAL, "sse", {
    events: [{ ...ORDER, time: TIME }],
    gaps: [{ topic: "stock", requested: "3fhw8zrt-7", resumed_at: "3fhw8zrt-9", lost: 2, reason: "lagged" }],
    position: "k7m2p9xq-42,3fhw8zrt-9", reason: "shutdown",
  }],
  "ndjson.jsonl": [ONE, "ndjson", { events: [{ ...ORDER, time: TIME }], gaps: [], position: "k7m2p9xq-42", reason: "shutdown" }],
  "ndjson-several.jsonl": [SEVERAL, "ndjson", { events: [{ ...ORDER, time: TIME }], gaps: [], position: "k7m2p9xq-42,3fhw8zrt-7", reason: "lost" }],
};

for (const [name, [url, technique, expected]] of Object.entries(CASES)) {
  test(`${name}, over any split`, async () => {
    for (const chunks of splits(new Uint8Array(bytesOf(name)), SEED)) {
      const how = `SEED=${SEED}, split into ${chunks.map((chunk) => chunk.length)}`;
      const { events, gaps, stream, names, reason } = await readBody(url, technique, chunks.filter((chunk) => chunk.length));
      assert.deepEqual({ events, gaps, position: stream.lastEventId, reason }, expected, how);
      assert.deepEqual(names, ["connecting", "live", "waiting"], how);
    }
  });
}

test("sse-close.txt: a farewell, and the time to come back", async () => {
  const opening = new TextEncoder().encode("id: k7m2p9xq-41\n\n");
  const { states } = await readBody(ONE, "sse", [opening, new Uint8Array(bytesOf("sse-close.txt"))]);
  assert.equal(states[2].reason, "shutdown");
  assert.ok(states[2].retry_at_ms - 1_000_000 >= 700 && states[2].retry_at_ms - 1_000_000 <= 1_400);
});

test("sse-limit.txt: turned away, with the time to come back", async () => {
  const { states, names, stream } = await readBody(ONE, "sse", [new Uint8Array(bytesOf("sse-limit.txt"))]);
  assert.deepEqual([names, states.at(-1).reason, stream.lastEventId], [["connecting", "waiting"], "limit", "k7m2p9xq-41"]);
  const wait_ms = states.at(-1).retry_at_ms - 1_000_000;
  assert.ok(wait_ms >= 11_400 && wait_ms < 12_400, wait_ms);
});

/** A socket that says the transcript's down frames, each when the frames before it were said or sent. */
function createScript(name) {
  const lines = framesOf(name);
  const isUp = (line) => "op" in line && !["ack", "error"].includes(line.op);
  const sent = [];
  class Socket {
    readyState = 1;
    constructor() { queueMicrotask(() => this.go()); }
    go() {
      while (lines.length && !isUp(JSON.parse(lines[0]))) this.onmessage({ data: lines.shift() });
    }
    send(text) {
      const { ref, ...operation } = JSON.parse(text);
      const { ref: theirs, ...expected } = JSON.parse(lines.shift());
      sent.push(operation);
      assert.deepEqual(operation, expected);
      queueMicrotask(() => this.go());
    }
    close() {}
  }
  return { Socket, left: lines, sent };
}

test("websocket.jsonl: every operation as it stands there", async () => {
  const script = createScript("websocket.jsonl");
  const clock = createClock();
  const notes = watch(createStream(ONE, { technique: "websocket", WebSocket: script.Socket, clock, isOnline: () => true }));
  const { stream } = notes;
  stream.open();
  assert.deepEqual(await stream.publish("orders", { type: "order_update", data: { number: 17, state: "paid" }, key: "17-paid" }), { id: ORDER.id });
  assert.deepEqual(await stream.subscribe("stock", { from: "-1" }), { topic: "stock", last_event_id: "3fhw8zrt-6" });
  assert.deepEqual(await stream.unsubscribe("stock"), { topic: "stock", last_event_id: "3fhw8zrt-7" });
  const error = await stream.subscribe("secret").catch((reason) => reason);
  assert.deepEqual([error.code, error.message], ["no_such_topic", "no topic 'secret' that you may read"]);
  await stream.ask({ op: "ping" });
  await clock.advance(10);
  assert.deepEqual(notes.events.map(({ topic, data }) => [topic, data]), [["orders", ORDER.data], ["stock", { item: 17, left: 3 }]]);
  assert.equal(stream.lastEventId, ORDER.id);
  assert.deepEqual(script.left, []);
});

test("room.jsonl: a room's socket says who one is, and its log is a topic", async () => {
  const script = createScript("room.jsonl");
  const clock = createClock();
  const notes = watch(createStream("ws://site.test/ws/rooms/lobby", { technique: "websocket", from: "k7m2p9xq-7", WebSocket: script.Socket, clock }));
  const controls = [];
  notes.stream.onControl(({ data }) => controls.push(data.you.name));
  notes.stream.open();
  await clock.advance(10);
  assert.deepEqual(controls, ["Amber Fox"]);
  assert.deepEqual(notes.events.map(({ type }) => type), ["message", "generation.start", "generation.delta", "generation.block", "generation.end"]);
  assert.equal(notes.stream.lastEventId, "k7m2p9xq-12");
});
