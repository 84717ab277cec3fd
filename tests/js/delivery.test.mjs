// Every event once, in order, whatever the technique and whatever breaks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRandom } from "./fakes/clock.mjs";
import { createWorld, ONE, range, TECHNIQUES, TWO } from "./fakes/world.mjs";
import { SEED } from "./splits.mjs";

const ofTopic = (notes, topic) => notes.events.filter((event) => event.topic === topic).map(({ data }) => data);

/** Events before, during and after the outages; what a reader of all of it must have seen. */
async function live(world, notes, total) {
  const { clock, server } = world;
  for (const n of range(1, 4)) server.append("a", n);
  notes.stream.open();
  for (const n of range(5, total)) {
    await clock.advance(n % 3 ? 40 : 900);
    server.append("a", n, n % 2 ? "message" : "odd");
    if (n % 4 === 0) server.append("b", n);
  }
  await clock.until(() => ofTopic(notes, "a").length >= total);
  await clock.advance(60_000);
}

for (const technique of TECHNIQUES) {
  for (const [shape, url] of [["one topic", ONE], ["two topics", TWO]]) {
    test(`${technique}, ${shape}: a cut after any frame loses and doubles nothing`, async () => {
      for (const tears of [false, true]) {
        for (const frames of range(0, 14)) {
          const world = createWorld();
          world.server.limits = [frames];
          world.server.tears = tears;
          const notes = world.stream(url, { technique, from: "earliest" });
          await live(world, notes, 12);
          assert.deepEqual(ofTopic(notes, "a"), range(1, 12), `cut after ${frames} frames`);
          assert.deepEqual(ofTopic(notes, "b"), url === TWO ? [8, 12] : []);
          assert.deepEqual(notes.gaps, []);
        }
      }
    });
  }

  test(`${technique}: an hour of bad weather loses and doubles nothing (SEED=${SEED})`, async () => {
    const world = createWorld({ seed: SEED });
    const { clock, server } = world;
    const random = createRandom(SEED);
    server.tears = true;
    server.chunksOf = (bytes) => {
      const size = 1 + Math.floor(random() * 30);
      return range(0, Math.floor((bytes.length - 1) / size)).map((at) => bytes.slice(at * size, (at + 1) * size));
    };
    const notes = world.stream(TWO, { technique });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    for (const n of range(1, 150)) {
      server.append(random() < 0.3 ? "b" : "a", n, random() < 0.5 ? "message" : `type${Math.floor(random() * 4)}`);
      const weather = random();
      if (weather < 0.1) server.cut();
      else if (weather < 0.2) server.limits.push(Math.floor(random() * 4));
      else if (weather < 0.25) server.refusals.push(502, "network");
      else if (weather < 0.28) notes.stream.wake(true);
      else if (weather < 0.31) notes.stream.cut();
      await clock.advance(random() * 3_000);
    }
    server.limits = server.refusals = [];
    await clock.advance(200_000);
    for (const topic of ["a", "b"]) assert.deepEqual(ofTopic(notes, topic), server.topic(topic).events.map(({ data }) => data));
  });

  test(`${technique}: what came while the first connection was down is not lost, though no event was ever seen`, async () => {
    const { clock, server, stream } = createWorld();
    server.append("a", "before");
    const notes = stream(ONE, { technique });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    server.cut();
    server.append("a", "meanwhile");
    await clock.until(() => notes.events.length > 0);
    assert.deepEqual(notes.data, ["meanwhile"]);
  });

  test(`${technique}: closed in the middle of a burst, it goes on from there when it is opened again`, async () => {
    const { clock, server, stream } = createWorld();
    for (const n of range(1, 9)) server.append("a", n);
    const notes = stream(ONE, { technique, from: "earliest" });
    notes.stream.onEvent(({ data }) => data % 3 === 0 && notes.stream.close());
    for (const last of [3, 6, 9]) {
      notes.stream.open();
      await clock.until(() => notes.stream.state.name === "closed");
      assert.deepEqual(notes.data, range(1, last));
      assert.equal(notes.stream.lastEventId, `ea-${last}`);
    }
    assert.equal(server.connections.size, 0);
  });

  test(`${technique}: envelopes are the same as everybody's`, async () => {
    for (const url of [ONE, TWO]) {
      const { clock, server, stream } = createWorld();
      const notes = stream(url, { technique, types: ["paid"] });
      notes.stream.open();
      await clock.until(() => notes.stream.state.name === "live");
      server.append("a", { number: 17, text: "grün\n🌊" }, "paid");
      await clock.until(() => notes.events.length > 0);
      const time = url === ONE && ["sse", "eventsource"].includes(technique) ? undefined : notes.events[0].time;
      assert.match(time ?? "T", /T/);
      assert.deepEqual(notes.events, [{ id: "ea-1", topic: "a", type: "paid", data: { number: 17, text: "grün\n🌊" }, time }]);
    }
  });

  test(`${technique}: what the log no longer has is told as a gap, once, and never as an event`, async () => {
    for (const url of [ONE, TWO]) {
      const { clock, server, stream } = createWorld();
      for (const n of range(1, 9)) server.append("a", n);
      server.trim("a", 3);
      const notes = stream(url, { technique, from: url === ONE ? "ea-2" : "ea-2,eb-0" });
      notes.stream.open();
      await clock.until(() => notes.stream.state.name === "live");
      await clock.advance(1_000);
      assert.deepEqual(notes.gaps, [{ topic: "a", requested: "ea-2", resumed_at: "ea-6", lost: 4, reason: "trimmed" }]);
      assert.deepEqual(notes.data, [7, 8, 9]);
      server.cut();
      await clock.advance(20_000);
      assert.equal(notes.gaps.length, 1);
      server.topic("a").epoch = "e2";
      server.topic("a").events = [];
      server.topic("a").head = 0;
      server.cut();
      server.append("a", "anew");
      await clock.until(() => notes.data.includes("anew"));
      assert.deepEqual(notes.gaps[1], { topic: "a", requested: "ea-9", resumed_at: "e2-0", lost: null, reason: "epoch" });
      assert.equal(notes.events.some(({ type }) => type.startsWith("stream.")), false);
    }
  });

  test(`${technique}: a gap that was heard is not told again, though no event came after it`, async () => {
    const { clock, server, stream } = createWorld();
    for (const n of range(1, 9)) server.append("a", n);
    server.trim("a", 0);
    const notes = stream(ONE, { technique, from: "ea-2" });
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live");
    assert.equal(notes.stream.lastEventId, "ea-9");
    server.cut();
    await clock.advance(20_000);
    assert.deepEqual(notes.gaps.map(({ lost }) => lost), [7]);
  });

  test(`${technique}: a gap that was not heard is told again`, async () => {
    const { clock, server, stream } = createWorld();
    for (const n of range(1, 9)) server.append("a", n);
    server.trim("a", 3);
    server.limits = [1, 1, 0];
    const notes = stream(ONE, { technique, from: "ea-2" });
    notes.stream.open();
    await clock.until(() => notes.data.includes(9));
    assert.deepEqual(notes.gaps.map(({ lost }) => lost), [4]);
    assert.deepEqual(notes.data, [7, 8, 9]);
  });

  test(`${technique}: a listener that throws harms neither the others nor the connection, and is reported`, async () => {
    const { clock, server, stream } = createWorld();
    const reported = [];
    globalThis.reportError = (error) => reported.push(error.message);
    const notes = stream(ONE, { technique, from: "earliest" });
    const explode = (what) => () => { throw new Error(what); };
    notes.stream.onEvent(explode("event"));
    notes.stream.onState(explode("state"));
    notes.stream.onGap(explode("gap"));
    const last = [];
    const stop = notes.stream.onEvent(({ data }) => last.push(data));
    for (const n of range(1, 5)) server.append("a", n);
    notes.stream.open();
    await clock.until(() => notes.stream.state.name === "live" && notes.events.length === 5);
    stop();
    server.cut();
    server.append("a", 6);
    await clock.until(() => notes.events.length === 6);
    assert.deepEqual([notes.data, last], [range(1, 6), range(1, 5)]);
    assert.equal(reported.filter((what) => what === "event").length, 6);
    delete globalThis.reportError;
  });
}

for (const technique of ["sse", "ndjson", "websocket"]) { // a poll's answer comes whole or not at all
  test(`${technique}: it is live, and knows where it stands, before it gives anything`, async () => {
    const { clock, server, stream } = createWorld();
    for (const n of range(1, 9)) server.append("a", n);
    server.trim("a", 2);
    const notes = stream(ONE, { technique, from: "ea-3" });
    const order = [];
    for (const on of ["onGap", "onEvent"]) notes.stream[on](() => order.push(notes.stream.state.name));
    notes.stream.onState(({ name }) => order.push(`${name} at ${notes.stream.lastEventId}`));
    notes.stream.open();
    await clock.until(() => notes.events.length === 2);
    assert.deepEqual(order, ["connecting at ea-3", "live at ea-3", "live", "live", "live"]);
  });

  test(`${technique}: connections that never bring more than two frames bring everything`, async () => {
    const world = createWorld();
    world.server.limits = Array(40).fill(2);
    const notes = world.stream(TWO, { technique, from: "earliest" });
    await live(world, notes, 12);
    assert.deepEqual(ofTopic(notes, "a"), range(1, 12));
    assert.ok(world.server.limits.length < 35);
  });
}
