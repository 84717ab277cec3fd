// What the browser's own EventSource hides.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorld, ONE, range, TWO } from "./fakes/world.mjs";

async function opened(url = ONE, options = {}) {
  const world = createWorld();
  const notes = world.stream(url, { technique: "eventsource", ...options });
  notes.stream.open();
  await world.clock.until(() => notes.stream.state.name === "live");
  return { ...world, notes };
}

const asked = (server, technique) => server.asked.filter((request) => request.technique === technique).length;

test("an event of a type that nobody listens for is found in the log, in its place, and listened for from then on", async () => {
  for (const url of [ONE, TWO]) {
    const { clock, server, notes } = await opened(url);
    server.append("a", 1);
    server.append("a", 2, "paid");
    server.append("a", 3, "paid");
    server.append("a", 4);
    server.append("a", 5);
    await clock.advance(100);
    assert.deepEqual(notes.data, range(1, 5));
    const polls = asked(server, "poll");
    server.append("a", 6, "paid");
    server.append("a", 7);
    await clock.advance(100);
    assert.deepEqual(notes.data, range(1, 7));
    assert.equal(asked(server, "poll"), polls);
    assert.deepEqual(notes.names, ["connecting", "live"]);
  }
});

test("types that are named are listened for from the start", async () => {
  const { clock, server, notes } = await opened(ONE, { types: ["paid"] });
  const polls = asked(server, "poll");
  server.append("a", 1, "paid");
  await clock.advance(100);
  assert.deepEqual([notes.data, asked(server, "poll")], [[1], polls]);
});

test("a type of which no event is seen is found when the stream is silent", async () => {
  const { clock, server, notes } = await opened();
  server.append("a", 1, "paid");
  await clock.advance(44_000);
  assert.deepEqual(notes.data, []);
  await clock.advance(2_000);
  assert.deepEqual([notes.data, notes.names], [[1], ["connecting", "live"]]);
});

test("a source that is dead without a sound is found out by the log, and a quiet one is left alone", async () => {
  const { clock, server, notes } = await opened();
  await clock.advance(300_000);
  assert.deepEqual(notes.names, ["connecting", "live"]);
  assert.equal(asked(server, "eventsource"), 1);
  for (const connection of server.connections) connection.leave();
  server.append("a", 1);
  await clock.until(() => notes.names.includes("waiting"));
  assert.deepEqual([notes.data, notes.reason], [[1], "silent"]);
  await clock.until(() => notes.stream.state.name === "live");
  server.append("a", 2);
  await clock.advance(100);
  assert.deepEqual(notes.data, [1, 2]);
});

test("types of the names of the source's own events are events", async () => {
  const { clock, server, notes } = await opened(ONE, { types: ["error", "open"] });
  server.append("a", 1, "error");
  server.append("a", 2, "open");
  await clock.advance(100);
  assert.deepEqual([notes.data, notes.names], [[1, 2], ["connecting", "live"]]);
});

test("a 502 that closes the source for good is the end of the source, not of the stream", async () => {
  const { clock, server, notes } = await opened();
  server.append("a", 1);
  await clock.advance(100);
  server.refusals = [null, 502, 502, null, 503]; // poll and source in turn
  server.cut();
  server.append("a", 2);
  await clock.until(() => notes.data.length === 2 && notes.stream.state.name === "live");
  server.append("a", 3);
  await clock.advance(100);
  assert.deepEqual(notes.data, [1, 2, 3]);
  const { url } = server.asked.filter(({ technique }) => technique === "eventsource").at(-1);
  assert.equal(url.searchParams.get("last_event_id"), "ea-2");
});

test("a stream that is unauthorized from now on is told so by the log's status", async () => {
  const { clock, server, notes } = await opened();
  server.refusals = [401];
  server.cut();
  await clock.until(() => notes.stream.state.name === "refused");
  assert.equal(notes.reason, "sign_in");
});

test("what an EventSource is told to skip is in the log: no gap, and nothing twice", async () => {
  const { clock, server, notes } = await opened();
  const [connection] = server.connections;
  server.append("a", 1);
  await clock.advance(100);
  connection.cursors.set("a", 4); // a slow reader jumps to the head
  for (const n of range(2, 4)) server.append("a", n);
  server.append("a", 5);
  connection.push(connection.frames.gap("a", { requested: "ea-1", resumed_at: "ea-4", lost: 3, reason: "lagged" }, "ea-4"));
  server.append("a", 6);
  await clock.advance(1_000);
  assert.deepEqual(notes.data, range(1, 6));
  assert.deepEqual(notes.gaps, []);
});

test("cookies go along only where they are asked for", async () => {
  for (const [credentials, expected] of [["include", true], ["same-origin", false]]) {
    const world = createWorld();
    const made = [];
    class Source extends world.env.EventSource {
      constructor(...all) {
        super(...all);
        made.push(this);
      }
    }
    const notes = world.stream(ONE, { technique: "eventsource", EventSource: Source, credentials });
    notes.stream.open();
    await world.clock.until(() => notes.stream.state.name === "live");
    assert.equal(made[0].withCredentials, expected);
  }
});
