// What an operator tells the people who are connected, whatever the technique, in every tab, and once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStream } from "../../static/streams/js/streams.js";
import { createBrowser } from "./fakes/tabs.mjs";
import { createWorld, ONE, TECHNIQUES, TWO, watch } from "./fakes/world.mjs";

for (const technique of TECHNIQUES) {
  for (const url of [ONE, TWO]) {
    test(`${technique}, ${url}: a notice is given as text, and moves no position`, async () => {
      const { clock, server, stream } = createWorld();
      const notes = stream(url, { technique });
      const told = [];
      notes.stream.onNotice((text) => told.push(text));
      notes.stream.open();
      await clock.until(() => notes.stream.state.name === "live");
      await clock.advance(10);
      const before = notes.stream.lastEventId;
      server.notice("Going down at noon.");
      await clock.advance(10);
      assert.deepEqual(told, ["Going down at noon."]);
      assert.equal(notes.stream.lastEventId, before);
      server.append("a", 1);
      await clock.advance(100);
      assert.deepEqual(notes.data, [1]);
    });
  }
}

test("tabs that share a connection are all told", async () => {
  const world = createWorld();
  const browser = createBrowser();
  const told = [[], []];
  const tabs = told.map((list) => {
    const notes = watch(createStream(ONE, { ...browser.newTab().envOf(world.env), shared: true }));
    notes.stream.onNotice((text) => list.push(text));
    notes.stream.open();
    return notes;
  });
  await world.clock.until(() => tabs.every(({ stream }) => stream.state.name === "live"));
  world.server.notice("Hello.");
  await world.clock.advance(100);
  assert.deepEqual(told, [["Hello."], ["Hello."]]);
});
