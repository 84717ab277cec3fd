// When a connection comes back, when it does not, and what is said about it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBackoff } from "../../static/streams/js/backoff.js";
import { longState } from "../../static/streams/js/connection-words.js";
import { createReader } from "../../static/streams/js/reader.js";
import { sse } from "../../static/streams/js/sse-technique.js";
import { createStream } from "../../static/streams/js/streams.js";
import { createWorld, ONE, range, TECHNIQUES } from "./fakes/world.mjs";

const OVER_FETCH = ["sse", "eventsource", "ndjson", "poll"];
const TELLING = ["sse", "eventsource", "ndjson", "websocket"]; // a long poll is told by its status

async function opened(technique, options) {
  const world = createWorld();
  const notes = world.stream(ONE, { technique, ...options });
  notes.stream.open();
  await world.clock.until(() => notes.stream.state.name === "live");
  return { ...world, notes, beat: (ms) => heartbeats(world, ms) };
}

/** Pass time with a server that sends its heartbeats. */
async function heartbeats({ clock, server }, ms) {
  for (let left_ms = ms; left_ms > 0; left_ms -= 15_000) {
    await clock.advance(Math.min(left_ms, 15_000));
    server.heartbeat();
  }
}

test("back-off doubles up to its bound, between half of each step and all of it", () => {
  for (const [random, part] of [[() => 0, 0.5], [() => 0.999999, 1], [() => 0.5, 0.75]]) {
    const backoff = createBackoff({ random, min_ms: 500, max_ms: 15_000 });
    const steps = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];
    assert.deepEqual(range(1, 8).map(() => backoff.next()), steps.map((step) => Math.round(step * part)));
    backoff.reset();
    assert.equal(backoff.next(), Math.round(500 * part));
  }
});

test("the server says what the first step is, but not for ever", () => {
  const backoff = createBackoff({ random: () => 1, min_ms: 500, max_ms: 15_000 });
  backoff.setMin(2_000);
  assert.deepEqual([backoff.next(), backoff.next()], [2_000, 4_000]);
  backoff.setMin(60_000);
  backoff.reset();
  assert.deepEqual([backoff.next(), backoff.next()], [60_000, 60_000]);
  backoff.setMin(Infinity);
  assert.equal(backoff.next(), 600_000);
});

for (const technique of TECHNIQUES) {
  test(`${technique}: waits longer from time to time, and says until when`, async () => {
    const { clock, server, stream } = createWorld();
    server.refusals = Array(6).fill("network");
    const notes = stream(ONE, { technique, random: () => 1 });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    const waits = notes.states.flatMap((state, at) => (state.name === "waiting" ? [[state, notes.states[at + 1]]] : []));
    assert.deepEqual(notes.names, [...Array(6).fill(["connecting", "waiting"]).flat(), "connecting", "live"]);
    assert.ok(waits.every(([{ reason }]) => reason === "lost"));
    const asked = waits.map(([{ retry_at_ms }]) => retry_at_ms);
    assert.deepEqual(asked.slice(1).map((at_ms, at) => at_ms - asked[at]), [1_000, 2_000, 4_000, 8_000, 15_000]);
  });

  test(`${technique}: a connection that lived forgets the waits, one that only began does not`, async () => {
    const { clock, server, notes, beat } = await opened(technique, { random: () => 1 });
    const wait = () => notes.stream.state.retry_at_ms - clock.now();
    const next = async () => {
      server.cut();
      await clock.until(() => notes.stream.state.name === "waiting");
      const wait_ms = wait();
      await clock.until(() => notes.stream.state.name === "live");
      return wait_ms;
    };
    const first = await next();
    const second = await next();
    assert.ok(second > first * 1.5, `${first} ${second}`);
    await beat(11_000);
    assert.ok((await next()) < first * 1.5);
  });

  test(`${technique}: waking cuts a wait short, renews an open connection only if it is hard, and a closed one never`, async () => {
    const { clock, server, notes } = await opened(technique);
    const connections = () => notes.names.filter((name) => name === "live").length;
    notes.stream.wake();
    await clock.advance(100);
    assert.equal(connections(), 1);
    notes.stream.wake(true);
    await clock.advance(100);
    assert.equal(connections(), 2);
    server.refusals = ["network"];
    server.cut();
    await clock.until(() => notes.stream.state.name === "waiting");
    server.refusals = [];
    notes.stream.wake();
    await clock.advance(0);
    assert.equal(connections(), 3);
    notes.stream.close();
    notes.stream.wake(true);
    await clock.advance(60_000);
    assert.equal(notes.names.at(-1), "closed");
    assert.equal(server.connections.size, 0);
    assert.equal(clock.timers, 0);
  });

  test(`${technique}: a server that never answers is given up and asked again`, async () => {
    const { clock, server, stream, env } = createWorld();
    let asked = 0;
    const never = () => new Promise((resolve, reject) => void (asked += 1));
    class Mute {
      constructor() { asked += 1; }
      readyState = 0;
      close() {}
    }
    const notes = stream(ONE, { technique, fetch: never, WebSocket: Mute });
    notes.stream.open();
    await clock.until(() => asked === 2);
    assert.deepEqual(notes.names, ["connecting", "waiting", "connecting"]);
    assert.equal(notes.states[1].reason, "silent");
  });

  test(`${technique}: opening twice is opening once, and nobody is listened to after unsubscribing`, async () => {
    const { clock, server, notes } = await opened(technique);
    const { length } = server.asked;
    notes.stream.open();
    await clock.advance(100);
    assert.equal(server.asked.length, length);
    let told = 0;
    for (const on of ["onEvent", "onState", "onGap"]) notes.stream[on](() => (told += 1))();
    server.append("a", 1);
    server.cut();
    await clock.advance(20_000);
    assert.equal(told, 0);
  });

  test(`${technique}: offline is said so, and tried all the same`, async () => {
    let online = false;
    const { clock, server, stream } = createWorld();
    server.refusals = ["network"];
    const notes = stream(ONE, { technique, isOnline: () => online });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    assert.deepEqual(notes.names, ["connecting", "offline", "connecting", "live"]);
  });

  test(`${technique}: a connection can be closed by whoever hears that it is tried`, async () => {
    const { clock, server, stream } = createWorld();
    const notes = stream(ONE, { technique });
    notes.stream.onState(({ name }) => name === "connecting" && notes.stream.close());
    notes.stream.open();
    await clock.advance(60_000);
    assert.deepEqual(notes.names, ["connecting", "closed"]);
    assert.equal(server.asked.length, 0);
  });

  test(`${technique}: what it did is counted`, async () => {
    const { clock, server, notes } = await opened(technique);
    const since_ms = notes.stream.statistics.opened_at_ms;
    assert.ok(clock.now() - since_ms < 1_000);
    server.append("a", "x".repeat(1_000));
    await clock.advance(100);
    const { events, bytes, reconnects } = notes.stream.statistics;
    assert.deepEqual([events, reconnects], [1, 0]);
    assert.ok(bytes > 1_000 && bytes < 1_600, String(bytes));
    notes.stream.cut();
    assert.equal(notes.stream.state.name, "waiting");
    assert.equal(notes.stream.statistics.opened_at_ms, null);
    assert.equal(server.connections.size, 0);
    await clock.until(() => notes.stream.state.name === "live");
    assert.equal(notes.stream.statistics.reconnects, 1);
    assert.ok(notes.stream.statistics.opened_at_ms > since_ms);
  });
}

for (const technique of TELLING) {
  test(`${technique}: a farewell that bids to come back is obeyed`, async () => {
    const { clock, server, notes } = await opened(technique);
    server.close("shutdown", true);
    await clock.until(() => notes.stream.state.name === "waiting");
    assert.equal(notes.reason, "shutdown");
    server.refusals = ["network"];
    await clock.until(() => notes.stream.state.name === "live");
    assert.deepEqual(notes.states.flatMap(({ reason }) => reason ?? []), ["shutdown", "lost"]);
  });

  test(`${technique}: a farewell for good is one`, async () => {
    const { clock, server, notes } = await opened(technique);
    server.close("kicked", false, 4410);
    await clock.until(() => notes.stream.state.name === "refused");
    assert.equal(notes.reason, "kicked");
    const { length } = server.asked;
    notes.stream.wake(true);
    await clock.advance(600_000);
    assert.equal(server.asked.length, length);
    assert.equal(clock.timers, 0);
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
  });
}

for (const technique of OVER_FETCH) {
  test(`${technique}: some answers are final`, async () => {
    const FINAL = { 204: "ended", 400: "invalid", 401: "sign_in", 403: "forbidden", 404: "not_found", 410: "not_found" };
    for (const [status, reason] of Object.entries(FINAL)) {
      const { clock, server, stream } = createWorld();
      server.refusals = [Number(status)];
      const notes = stream(ONE, { technique });
      notes.stream.open();
      await clock.advance(600_000);
      assert.deepEqual(notes.states, [{ name: "connecting" }, { name: "refused", reason }]);
      assert.equal(server.asked.length, 1);
    }
  });

  test(`${technique}: an answer that is no stream is final`, async () => {
    const { clock, server, stream } = createWorld();
    server.refusals = [{ status: 200, headers: { "Content-Type": "text/html" } }];
    const notes = stream(ONE, { technique });
    notes.stream.open();
    await clock.advance(600_000);
    assert.deepEqual(notes.states.at(-1), { name: "refused", reason: "unexpected" });
  });

  test(`${technique}: others pass, also while a stream was live, and nothing is lost`, async () => {
    for (const [status, reason] of Object.entries({ 408: "unavailable", 429: "limit", 500: "unavailable", 502: "unavailable", 503: "unavailable" })) {
      const { clock, server, notes } = await opened(technique);
      server.refusals = [Number(status), Number(status)];
      server.cut();
      server.append("a", "meanwhile");
      await clock.until(() => notes.events.length === 1);
      assert.equal(notes.states.filter((state) => state.reason === reason).length, 2, status);
    }
  });

  test(`${technique}: Retry-After is waited for, and not by all alike`, async () => {
    const waits = [0, 0.9].map(async (draw) => {
      const { clock, server, stream } = createWorld();
      server.refusals = [{ status: 503, headers: { "Retry-After": "30" } }];
      const notes = stream(ONE, { technique, random: () => draw });
      const start_ms = clock.now();
      notes.stream.open();
      await clock.until(() => notes.stream.state.name === "waiting");
      return notes.stream.state.retry_at_ms - start_ms;
    });
    const [shortest, longest] = await Promise.all(waits);
    assert.ok(shortest >= 30_000 && longest > shortest && longest < 31_000, `${shortest} ${longest}`);
  });
}

test("too many streams: what the server says in the stream is waited for once, and said in words", async () => {
  const { clock, server, stream } = createWorld();
  const notes = stream(ONE, { technique: "sse", random: () => 0.5 });
  const { begin } = Object.getPrototypeOf(server.connect(new URL(ONE), "sse", null));
  server.connections.clear();
  const connect = server.connect.bind(server);
  server.connect = (...given) => Object.assign(connect(...given), { begin: server.full ? turnAway : begin });
  function turnAway() {
    const told = { code: "limit", message: "2000 streams from 192.0.2.1 are open (limit 2000)", retryable: true, retry_after_s: 12 };
    this.push(`event: stream.error\ndata: ${JSON.stringify(told)}\n\nretry: 12000\n\n`);
    this.finish();
  }
  server.full = true;
  notes.stream.open();
  await clock.until(() => notes.stream.state.name === "waiting");
  assert.deepEqual(notes.names, ["connecting", "waiting"]);
  const { reason, retry_at_ms } = notes.stream.state;
  assert.equal(reason, "limit");
  assert.ok(retry_at_ms - clock.now() >= 12_000 - 100 && retry_at_ms - clock.now() < 13_000, retry_at_ms - clock.now());
  assert.equal(longState(notes.stream.state, retry_at_ms - 12_000), "Too many streams are open: trying again in 12 s.");
  server.full = false;
  await clock.until(() => notes.stream.state.name === "live");
  server.cut();
  await clock.until(() => notes.stream.state.name === "waiting");
  assert.ok(notes.stream.state.retry_at_ms - clock.now() < 4_000, "as ever");
});

for (const technique of ["sse", "ndjson"]) {
  test(`${technique}: heartbeats keep it, silence ends it`, async () => {
    const { clock, notes, beat } = await opened(technique);
    await beat(300_000);
    assert.deepEqual(notes.names, ["connecting", "live"]);
    await clock.advance(46_000);
    assert.deepEqual([notes.states[2].name, notes.states[2].reason], ["waiting", "silent"]);
  });
}

for (const technique of ["sse", "ndjson", "poll"]) {
  test(`${technique}: stalled, it reads nothing, stays open, and then goes on`, async () => {
    const { clock, server, notes } = await opened(technique);
    assert.equal(notes.stream.canStall, true);
    notes.stream.stall(100_000);
    for (const n of range(1, 5)) {
      server.append("a", n);
      await clock.advance(15_000);
    }
    assert.deepEqual([notes.data, notes.names], [[], ["connecting", "live"]]);
    await clock.until(() => notes.events.length === 5, 60_000);
    assert.deepEqual([notes.data, notes.names], [range(1, 5), ["connecting", "live"]]);
  });
}

test("silence is noticed in its time though the clock is set back", async () => {
  const { clock, notes } = await opened("sse");
  clock.set(-3_600_000);
  await clock.advance(91_000);
  assert.equal(notes.states[2].reason, "silent");
});

test("a listener that was taken away by another is not called any more", async () => {
  const { clock, server, notes } = await opened("sse");
  let told = 0;
  notes.stream.onEvent(() => stop());
  const stop = notes.stream.onEvent(() => (told += 1));
  server.append("a", 1);
  await clock.advance(10);
  assert.equal(told, 0);
});

test("a quiet topic's long poll is no silence", async () => {
  const { clock, notes } = await opened("poll");
  await clock.advance(600_000);
  assert.deepEqual(notes.names, ["connecting", "live"]);
});

test("an answer that garbles is asked for again", async () => {
  const { clock, server, stream } = createWorld();
  let spoilt = 0;
  server.chunksOf = (bytes) => (bytes.length > 90 && !spoilt++ ? [bytes.fill(125)] : [bytes]);
  const notes = stream(ONE, { technique: "ndjson", from: "earliest" });
  for (const n of range(1, 3)) server.append("a", "x".repeat(n * 10));
  notes.stream.open();
  await clock.until(() => notes.events.length === 3);
  assert.ok(spoilt > 0);
});

test("the moments of the browser wake a stream that is open, unless that is left out", async () => {
  const { server, stream, clock } = createWorld();
  globalThis.window = new EventTarget();
  globalThis.document = new EventTarget();
  try {
    const notes = stream(ONE, { technique: "sse" });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    server.refusals = ["network"];
    window.dispatchEvent(new Event("online"));
    await clock.advance(0);
    assert.equal(notes.stream.state.name, "waiting");
    window.dispatchEvent(new Event("online"));
    await clock.advance(0);
    assert.equal(notes.stream.state.name, "live");
    notes.stream.close();
    window.dispatchEvent(new Event("online"));
    await clock.advance(0);
    assert.equal(clock.timers, 0);

    const alone = stream(ONE, { technique: "sse", heal: false });
    alone.stream.open();
    await clock.until(() => alone.stream.state.name === "live");
    const { length } = server.asked;
    window.dispatchEvent(new Event("online"));
    await clock.advance(1_000);
    assert.equal(server.asked.length, length);
  } finally {
    delete globalThis.window;
    delete globalThis.document;
  }
});

test("headers and credentials go along, where a browser lets a page send any", async () => {
  const asked = [];
  const { clock, env } = createWorld();
  const fetch = (url, options) => {
    asked.push(options);
    return env.fetch(url, options);
  };
  for (const technique of ["sse", "ndjson", "poll"]) {
    const stream = createStream(ONE, { ...env, technique, fetch, headers: { Authorization: "Bearer t" }, credentials: "include" });
    stream.open();
    await clock.until(() => stream.state.name === "live");
    const { headers, credentials, cache } = asked.at(-1);
    assert.deepEqual([headers.Authorization, credentials, cache], ["Bearer t", "include", "no-store"]);
    stream.close();
  }
  for (const technique of ["websocket", "eventsource"]) {
    assert.throws(() => createStream(ONE, { ...env, technique, headers: { Authorization: "Bearer t" } }), TypeError);
  }
  assert.throws(() => createStream(ONE, { ...env, technique: "pigeon" }), /no technique pigeon/);
});

test("who was refused listens for nothing any more", async () => {
  const { clock, server, env } = createWorld();
  server.refusals = [403];
  let listening = 0;
  const wakes = () => ((listening += 1), () => void (listening -= 1));
  const reader = createReader(ONE, sse({ ...env, headers: {}, credentials: "same-origin" }), { ...env, wakes });
  reader.open();
  assert.equal(listening, 1);
  await clock.advance(1_000);
  assert.deepEqual([reader.state.name, listening, clock.timers], ["refused", 0, 0]);
  reader.open();
  await clock.advance(1_000);
  assert.deepEqual([reader.state.name, listening], ["live", 1]);
});
