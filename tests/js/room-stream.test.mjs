// A room over whatever gets through: nothing is lost or doubled when the way to it changes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { shortState } from "../../static/streams/js/connection-words.js";
import { createRoomStream } from "../../static/streams/js/chat/room-stream.js";
import { createRandom } from "./fakes/clock.mjs";
import { createWorld, range, watch } from "./fakes/world.mjs";
import { SEED } from "./splits.mjs";

const LOG = "room:x";
const LIVE = `${LOG}:live`;

function createStorage(values = {}) {
  return {
    values,
    getItem: (key) => values[key] ?? null,
    setItem: (key, text) => (values[key] = text),
    removeItem: (key) => delete values[key],
  };
}

/** A network in which sockets are "refused", opened and "mute", or let through; and requests too, unless it is `down`. */
function createRoom({ seed = 1, storage = createStorage() } = {}) {
  const world = createWorld({ seed });
  const wakes = new Set();
  const room = { ...world, storage, sockets: "refused", http: "open", posts: [], answer: () => [200, { id: `e${LOG}-1` }], hides: [] };
  const beat = () => {
    for (const one of [...world.server.connections]) if (one.technique === "sse") one.push(one.frames.heartbeat());
    world.clock.setTimeout(beat, 15_000);
  };
  beat();
  room.wake = (hard) => wakes.forEach((wake) => wake(hard));
  room.env = {
    ...world.env,
    storage,
    wakes: (wake) => (wakes.add(wake), () => void wakes.delete(wake)),
    document: { visibilityState: "visible", addEventListener: (_, listener) => room.hides.push(listener) },
    WebSocket: class extends world.WebSocket {
      constructor(address) {
        super(address.replace("ws/rooms/x", `events/${LOG}`));
      }

      connect() {
        if (room.sockets === "refused") return this.gone(1006);
        if (room.sockets === "mute") return void (this.readyState = 1);
        super.connect();
      }
    },
    async fetch(address, options) {
      if (room.http === "down") throw new TypeError("Failed to fetch");
      if (room.http === "held" && options.headers.Accept === "text/event-stream") {
        return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)));
      }
      if (options.method !== "POST") return world.env.fetch(address, options);
      room.posts.push({ address, ...options, body: JSON.parse(options.body) });
      const [status, body] = await room.answer(JSON.parse(options.body));
      return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
    },
  };
  room.open = () => {
    const place = { socket: "http://site.test/ws/rooms/x", events: "http://site.test/events", ops: "http://site.test/ops", topic: LOG };
    const stream = createRoomStream({ ...place, from: `e${LOG}-0`, token: () => "t0ken" }, room.env);
    const notes = watch(stream);
    notes.controls = [];
    stream.onControl((frame) => notes.controls.push(frame));
    stream.open();
    return notes;
  };
  room.live = (notes, technique) => world.clock.until(() => notes.stream.state.name === "live" && notes.stream.technique === technique);
  return room;
}

const failure = (promise) => promise.then(() => assert.fail("it was answered"), (error) => error);

for (const [how, within_ms] of [["refused", 5_000], ["mute", 6_000]]) {
  test(`where sockets are ${how} it reads by server-sent events, and says so`, async () => {
    const room = createRoom();
    room.sockets = how;
    const notes = room.open();
    for (const n of range(1, 3)) room.server.append(LOG, n);
    const begun_ms = room.clock.now();
    await room.live(notes, "SSE");
    assert.ok(room.clock.now() - begun_ms <= within_ms, String(room.clock.now() - begun_ms));
    room.server.append(LIVE, "somebody is here", "presence");
    room.server.append(LOG, 4);
    await room.clock.advance(10);
    assert.deepEqual(notes.data.filter(Number), [1, 2, 3, 4]);
    assert.deepEqual(notes.events.filter(({ topic }) => topic === LIVE).map(({ type }) => type), ["presence"]);
    assert.equal(notes.stream.lastEventId, `e${LOG}-4`);
    assert.equal(shortState(notes.stream.state, 0), "Live over SSE");
    assert.deepEqual(notes.controls.at(-1), { type: "stream.open", data: { last_event_id: `e${LOG}-0` } });
    assert.equal(room.server.connections.size, 1);
  });
}

test("what passes comes over the socket too, and moves no position", async () => {
  const room = createRoom();
  room.sockets = "open";
  const notes = room.open();
  await room.live(notes, "WebSocket");
  room.WebSocket.made.at(-1).receive(JSON.stringify({ id: "other-9", topic: LIVE, type: "typing", data: 1 }));
  room.WebSocket.made.at(-1).receive(JSON.stringify({ type: "stream.gap", topic: LIVE, data: { requested: "", resumed_at: "other-8" } }));
  room.server.append(LOG, "said");
  await room.clock.advance(10);
  assert.deepEqual(notes.data, [1, "said"]);
  assert.deepEqual(notes.gaps, []);
  assert.equal(notes.stream.lastEventId, `e${LOG}-1`);
  assert.equal(shortState(notes.stream.state, 0), "Live");
});

test("a server that is down is no reason to leave the socket", async () => {
  const room = createRoom();
  room.http = "down";
  const notes = room.open();
  await room.clock.advance(60_000);
  assert.equal(notes.stream.technique, "WebSocket");
  room.http = "open";
  room.sockets = "open";
  await room.live(notes, "WebSocket");
  for (const code of [1012, 4429, 1013]) {
    for (let times = 0; times < 4; times += 1) {
      for (const connection of room.server.connections) connection.finish(code);
      await room.clock.advance(30_000);
    }
  }
  assert.equal(notes.stream.technique, "WebSocket");
});

test("a socket that is let through and then silenced gives way, and one that lived was good", async () => {
  const room = createRoom();
  room.sockets = "open";
  room.server.operate = () => null; // no answer to a ping
  const notes = room.open();
  await room.live(notes, "WebSocket");
  await room.live(notes, "SSE");
  const other = createRoom();
  other.sockets = "open";
  other.server.operate = () => ({ op: "ack" });
  const steady = other.open();
  for (let times = 0; times < 10; times += 1) {
    await other.live(steady, "WebSocket");
    await other.clock.advance(11_000);
    other.server.cut();
  }
  await other.live(steady, "WebSocket");
});

test("where streams are held back as well, it polls; the tab remembers, and tries the socket again later", async () => {
  const room = createRoom();
  room.http = "held";
  const notes = room.open();
  await room.live(notes, "long polling");
  room.server.append(LOG, "polled");
  await room.clock.advance(100);
  assert.deepEqual(notes.data, ["polled"]);
  notes.stream.close();
  const again = room.open();
  assert.equal(again.stream.technique, "long polling");
  await room.live(again, "long polling");
  room.sockets = "open";
  await room.clock.advance(300_000);
  assert.equal(again.stream.technique, "long polling");
  await room.clock.advance(310_000);
  assert.equal(again.stream.technique, "WebSocket");
  assert.deepEqual(room.storage.values, {});
});

test("in another network the socket is tried at once, and not while it is refused", async () => {
  const room = createRoom();
  const notes = room.open();
  await room.live(notes, "SSE");
  const before = room.WebSocket.made.length;
  await room.clock.advance(500_000);
  assert.equal(room.WebSocket.made.length, before);
  for (const [sockets, technique] of [["refused", "SSE"], ["open", "WebSocket"]]) {
    room.sockets = sockets;
    room.wake(true);
    room.server.cut();
    await room.clock.advance(10_000);
    await room.live(notes, technique);
  }
});

test("operations are posted with the token, and their failures are those of the socket", async () => {
  const room = createRoom();
  const notes = room.open();
  const early = await failure(notes.stream.ask({ op: "say" }));
  assert.equal(early.code, "disconnected");
  await notes.stream.reach({ op: "stop" }); // is not lost to a socket that is still being opened
  assert.deepEqual(room.posts.splice(0).map(({ body }) => body.op), ["stop"]);
  await room.live(notes, "SSE");
  assert.deepEqual(await notes.stream.ask({ op: "say", text: "hi", client_id: "c" }), { id: `e${LOG}-1` });
  const [{ address, headers, body }] = room.posts;
  assert.deepEqual([address, headers["X-CSRFToken"], body], ["http://site.test/ops", "t0ken", { op: "say", text: "hi", client_id: "c" }]);
  assert.equal(notes.stream.send({ op: "typing" }), true);
  const limit = { code: "limit", message: "slow down", retryable: true, retry_after_s: 3 };
  for (const [answer, code] of [
    [[429, { error: limit }], "limit"], [[502, "<html>"], "unavailable"], [[404, "<html>"], "unexpected"], [[200, "<html>"], "unexpected"],
  ]) {
    room.answer = () => answer;
    const error = await failure(notes.stream.ask({ op: "say" }));
    assert.equal(error.code, code);
    if (code === "limit") assert.deepEqual(error.failure, limit);
  }
  room.answer = () => { throw new TypeError("Failed to fetch"); };
  assert.deepEqual([(await failure(notes.stream.ask({ op: "say" }))).failure.retryable], [true]);
});

test("an operation that is on its way when the socket is given up fails as disconnected", async () => {
  const room = createRoom();
  room.sockets = "open";
  room.server.operate = () => null;
  const notes = room.open();
  await room.live(notes, "WebSocket");
  const asked = failure(notes.stream.ask({ op: "say" }));
  room.sockets = "refused";
  room.server.cut();
  assert.equal((await asked).code, "disconnected");
  await room.live(notes, "SSE");
});

test("a tab that is hidden for long gives its connection back, and goes on where it stood", async () => {
  const room = createRoom();
  const notes = room.open();
  await room.live(notes, "SSE");
  const look = (visibilityState) => {
    room.env.document.visibilityState = visibilityState;
    for (const listener of room.hides) listener();
  };
  look("hidden");
  await room.clock.advance(200_000);
  look("visible");
  look("hidden");
  await room.clock.advance(200_000);
  assert.equal(room.server.connections.size, 1);
  await room.clock.advance(110_000);
  assert.equal(room.server.connections.size, 0);
  for (const n of range(1, 3)) room.server.append(LOG, n);
  look("visible");
  await room.live(notes, "SSE");
  await room.clock.advance(10);
  assert.deepEqual(notes.data, [1, 2, 3]);
});

test(`whatever happens to the ways, every event is given once and in order (seed ${SEED})`, async () => {
  for (let round = 0; round < 20; round += 1) {
    const room = createRoom({ seed: SEED + round });
    const chance = createRandom(SEED + round);
    const one = (list) => list[Math.floor(chance() * list.length)];
    room.server.operate = () => (chance() < 0.5 ? { op: "ack" } : null);
    const notes = room.open();
    let last = 0;
    for (let step = 0; step < 60; step += 1) {
      room.sockets = one(["refused", "mute", "open", "open"]);
      room.http = one(["open", "open", "open", "held", "down"]);
      if (chance() < 0.3) room.server.cut();
      if (chance() < 0.2) room.wake(true);
      for (let more = Math.floor(chance() * 4); more > 0; more -= 1) room.server.append(LOG, (last += 1));
      await room.clock.advance(Math.floor(chance() * 40_000));
    }
    [room.sockets, room.http] = ["open", "open"];
    room.server.operate = () => ({ op: "ack" });
    await room.clock.until(() => notes.data.length >= last && notes.stream.state.name === "live", 900_000);
    assert.deepEqual(notes.data, range(1, last), `seed ${SEED + round}`);
    await room.clock.until(() => room.server.connections.size === 1, 60_000);
    notes.stream.close();
  }
});
