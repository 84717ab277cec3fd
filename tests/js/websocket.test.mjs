// The socket: close codes, pings, and what goes up.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorld, ONE, range } from "./fakes/world.mjs";

const NONE = "http://site.test/events";

/** A server that does what it is asked over the socket. */
function obedient(server) {
  server.operate = ({ op, topic, last_event_id: place, type, data, key }, connection) => {
    if (op === "ping") return { op: "ack" };
    if (op === "publish" && data === "refuse") return { op: "error", error: { code: "forbidden", message: "no", retryable: false } };
    if (op === "publish") {
      queueMicrotask(() => server.append(topic, data, type));
      return { op: "ack", id: `e${topic}-${server.topic(topic).head + 1}` };
    }
    if (op === "subscribe") {
      connection.follow(topic, place);
      queueMicrotask(() => connection.pump());
      return { op: "ack", topic, last_event_id: connection.position(topic) };
    }
    if (op === "unsubscribe") {
      const position = connection.position(topic);
      connection.cursors.delete(topic);
      return { op: "ack", topic, last_event_id: position };
    }
  };
}

async function opened(url = ONE, options = {}) {
  const world = createWorld();
  obedient(world.server);
  const notes = world.stream(url, { technique: "websocket", ...options });
  notes.stream.open();
  await world.clock.until(() => notes.stream.state.name === "live");
  return { ...world, notes };
}

const socket = ({ WebSocket }) => WebSocket.made.at(-1);
const failure = (promise) => promise.then(() => assert.fail("it was answered"), (error) => error);

test("close codes say whether to come back", async () => {
  const FINAL = { 1009: "too_large", 4400: "invalid", 4401: "sign_in", 4403: "forbidden", 4404: "not_found", 4410: "kicked" };
  const PASSING = { 1000: "lost", 1006: "lost", 1011: "unavailable", 1012: "restart", 1013: "unavailable", 4408: "lagged", 4429: "limit" };
  for (const [code, reason] of [...Object.entries(FINAL), ...Object.entries(PASSING)]) {
    const world = await opened();
    const { clock, server, notes } = world;
    for (const connection of server.connections) connection.finish(Number(code));
    await clock.until(() => notes.stream.state.name !== "live");
    assert.deepEqual([notes.names[2], notes.states[2].reason], [code in FINAL ? "refused" : "waiting", reason]);
    const wait_ms = (notes.states[2].retry_at_ms ?? 0) - clock.now();
    if (reason === "limit") assert.ok(wait_ms >= 8_000, wait_ms);
  }
});

test("a limit's own time to wait is kept, whatever came before it", async () => {
  const world = await opened();
  const { clock, notes } = world;
  const error = (retry_after_s) => ({ type: "stream.error", data: { code: "limit", message: "many", retryable: true, retry_after_s } });
  for (const wait_s of [3, 13.5]) socket(world).receive(JSON.stringify(error(wait_s)));
  for (const connection of world.server.connections) connection.finish(4429);
  await clock.until(() => notes.stream.state.name === "waiting");
  const wait_ms = notes.stream.state.retry_at_ms - clock.now();
  assert.ok(wait_ms >= 13_500 && wait_ms < 20_000, wait_ms);
});

test("a silent socket is asked, and stays if there is an answer, whichever", async () => {
  for (const answer of [{ op: "ack" }, { op: "error", error: { code: "invalid", message: "no ping here", retryable: false } }]) {
    const world = await opened();
    world.server.operate = () => answer;
    await world.clock.advance(200_000);
    assert.deepEqual(world.notes.names, ["connecting", "live"]);
    const pings = socket(world).sent.map((text) => JSON.parse(text));
    assert.ok(pings.length >= 6 && pings.length <= 10, String(pings.length));
    assert.ok(pings.every(({ op }) => op === "ping"));
  }
});

test("a socket that does not answer is given up", async () => {
  const world = await opened();
  world.server.operate = () => null;
  await world.clock.advance(29_000);
  assert.equal(world.notes.stream.state.name, "live");
  await world.clock.advance(1_500);
  assert.deepEqual([world.notes.names[2], world.notes.states[2].reason], ["waiting", "silent"]);
});

test("events are answer enough", async () => {
  const world = await opened();
  world.server.operate = () => null;
  for (const n of range(1, 20)) {
    await world.clock.advance(15_000);
    world.server.append("a", n);
  }
  assert.deepEqual(world.notes.names, ["connecting", "live"]);
  assert.deepEqual(socket(world).sent, []);
});

test("topics come and go while it is open, and stay across reconnects at their positions", async () => {
  const world = await opened(NONE);
  const { clock, server, notes } = world;
  for (const n of range(1, 3)) server.append("a", `a${n}`);
  assert.deepEqual(await notes.stream.subscribe("a", { from: "earliest" }), { topic: "a", last_event_id: "ea-0" });
  assert.deepEqual(await notes.stream.subscribe("b"), { topic: "b", last_event_id: "eb-0" });
  server.append("b", "b1");
  await clock.advance(10);
  assert.deepEqual(notes.data, ["a1", "a2", "a3", "b1"]);
  assert.equal(notes.stream.lastEventId, "ea-3,eb-1");
  server.cut();
  server.append("a", "a4");
  server.append("b", "b2");
  await clock.until(() => notes.stream.state.name === "live");
  await clock.advance(10);
  assert.deepEqual(notes.data.slice(4), ["a4", "b2"]);
  assert.equal(socket(world).url.search, "?topic=a&topic=b&last_event_id=ea-3%2Ceb-1");
  assert.deepEqual(await notes.stream.unsubscribe("a"), { topic: "a", last_event_id: "ea-4" });
  server.append("a", "a5");
  server.append("b", "b3");
  await clock.advance(10);
  assert.deepEqual(notes.data.slice(6), ["b3"]);
  server.cut();
  await clock.until(() => notes.stream.state.name === "live");
  assert.equal(socket(world).url.search, "?topic=b&last_event_id=eb-3");
  assert.deepEqual(await notes.stream.subscribe("a", { from: "ea-4" }), { topic: "a", last_event_id: "ea-4" });
  await clock.advance(10);
  assert.deepEqual(notes.data.slice(7), ["a5"]);
});

test("a topic that the URL names by path can be joined by others", async () => {
  const world = await opened(ONE);
  await world.notes.stream.subscribe("b");
  world.server.cut();
  await world.clock.until(() => world.notes.stream.state.name === "live");
  assert.equal(String(socket(world).url), "ws://site.test/events?topic=a&topic=b&last_event_id=ea-0%2Ceb-0");
});

test("subscribing to what is read already is answered at once", async () => {
  const world = await opened(ONE);
  assert.deepEqual(await world.notes.stream.subscribe("a"), { topic: "a", last_event_id: "ea-0" });
  assert.deepEqual(socket(world).sent, []);
});

test("events that overtake the answer to a subscription are not lost", async () => {
  const { clock, server, notes } = await opened(NONE);
  const obey = server.operate;
  server.append("a", 1);
  server.operate = (operation, connection) => {
    const answer = obey(operation, connection);
    connection.pump();
    return answer;
  };
  await notes.stream.subscribe("a", { from: "earliest" });
  assert.equal(notes.stream.lastEventId, "ea-1");
  server.append("a", 2);
  await clock.advance(10);
  assert.deepEqual(notes.data, [1, 2]);
});

test("publishing is answered with the id, or with the reason why not", async () => {
  const world = await opened(ONE);
  assert.deepEqual(await world.notes.stream.publish("a", { type: "t", data: { n: 1 }, key: "k" }), { id: "ea-1" });
  const { ref, ...operation } = JSON.parse(socket(world).sent[0]);
  assert.deepEqual(operation, { op: "publish", topic: "a", type: "t", data: { n: 1 }, key: "k" });
  const error = await failure(world.notes.stream.publish("a", { data: "refuse" }));
  assert.ok(error instanceof Error);
  assert.deepEqual([error.code, error.message, error.retryable], ["forbidden", "no", false]);
});

test("an operation that is cut off fails, one that is not answered too", async () => {
  const { clock, server, notes } = await opened();
  server.operate = () => null;
  const cut = failure(notes.stream.publish("a", { data: 1 }));
  await clock.advance(10);
  server.cut();
  assert.equal((await cut).code, "disconnected");
  await clock.until(() => notes.stream.state.name === "live");
  const unanswered = failure(notes.stream.subscribe("b"));
  await clock.advance(15_100);
  assert.equal((await unanswered).code, "timeout");
  assert.equal(notes.stream.lastEventId, "ea-0");
});

test("an operation waits for the connection, but not for ever, and not for one that will not come", async () => {
  const world = createWorld();
  const { clock, server, stream } = world;
  obedient(server);
  const notes = stream(NONE, { technique: "websocket" });
  assert.equal((await failure(notes.stream.publish("a", { data: 1 }))).code, "closed");
  server.refusals = Array(2).fill("network");
  notes.stream.open();
  const published = notes.stream.publish("a", { data: 1 });
  await clock.until(() => notes.stream.state.name === "live");
  assert.deepEqual(await published, { id: "ea-1" });
  server.refusals = Array(100).fill("network");
  server.cut();
  await clock.until(() => notes.stream.state.name === "waiting");
  const never = failure(notes.stream.publish("a", { data: 1 }));
  await clock.advance(15_100);
  assert.equal((await never).code, "disconnected");
  const refused = failure(notes.stream.publish("a", { data: 1 }));
  server.refusals = [{ status: 4401 }];
  await clock.until(() => notes.stream.state.name === "refused");
  assert.equal((await refused).code, "closed");
  assert.equal(clock.timers, 0);
});

test("asking without waiting fails at once, sending says whether it went out", async () => {
  const { clock, server, notes } = await opened();
  assert.equal(notes.stream.send({ op: "ping", ref: 1 }), true);
  assert.equal((await notes.stream.ask({ op: "ping" })).op, "ack");
  server.cut();
  await clock.until(() => notes.stream.state.name === "waiting");
  assert.equal(notes.stream.send({ op: "ping", ref: 1 }), false);
  assert.equal((await failure(notes.stream.ask({ op: "ping" }))).code, "disconnected");
});

test("the server's own frames are told as they came, and an error of an operation ends nothing", async () => {
  const world = createWorld();
  const notes = world.stream(ONE, { technique: "websocket" });
  const controls = [];
  notes.stream.onControl((frame) => controls.push([frame.type, notes.stream.state.name]));
  notes.stream.open();
  await world.clock.until(() => notes.stream.state.name === "live");
  socket(world).receive(JSON.stringify({ type: "stream.error", data: { code: "overloaded", message: "busy" } }));
  await world.clock.advance(10);
  assert.deepEqual(controls, [["stream.open", "live"], ["stream.error", "live"]]);
  assert.deepEqual(notes.names, ["connecting", "live"]);
  world.server.cut();
  await world.clock.advance(10);
  assert.equal(notes.reason, "lost");
});

test("who has read something newer elsewhere goes on from there", async () => {
  const { clock, server, notes } = await opened();
  notes.stream.resumeFrom("ea-2");
  for (const n of range(1, 3)) server.append("a", n);
  await clock.advance(10);
  assert.deepEqual(notes.data, [3]);
});

test("what is no frame is not swallowed: the connection is made anew", async () => {
  for (const text of ["{", "null", "[]", "7"]) {
    const world = await opened();
    socket(world).receive(text);
    await world.clock.until(() => world.notes.stream.state.name === "waiting");
    assert.equal(world.notes.reason, "garbled");
  }
});
