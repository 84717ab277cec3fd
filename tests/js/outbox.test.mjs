// Messages on their way: what is refused for now is kept, and sent later under the same id, in its order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createOutbox } from "../../static/streams/js/chat/outbox.js";
import { RequestFailed } from "../../static/streams/js/requests.js";
import { createClock } from "./fakes/clock.mjs";

const LIMIT = { code: "limit", message: "too many messages: one more would pass the limit of 5 a second", retryable: true };

/** An outbox whose server answers with `answers`, one after the other: an id, or a refusal. */
function createBox(answers, storage = null, clock = createClock(), prefix = "c") {
  const asked = [];
  const shown = new Map();
  let made = 0;
  const box = createOutbox({
    async ask({ text, client_id }) {
      asked.push([text, client_id, clock.now()]);
      const answer = answers.shift() ?? `e-${asked.length}`;
      if (typeof answer === "string") return answer;
      throw new RequestFailed(answer);
    },
    isPast: () => true,
    createId: () => `${prefix}${(made += 1)}`,
    clock,
    random: () => 0,
    storage,
    key: "box",
    onChange: (entry, client_id) => shown.set(client_id, entry && { ...entry }),
  });
  return { box, clock, asked, shown };
}

test("who writes too fast loses nothing: all of it is sent later, in order, under its own id", async () => {
  const { box, clock, asked, shown } = createBox([{ ...LIMIT, retry_after_s: 3 }, { ...LIMIT, retry_after_s: 3 }]);
  const start_ms = clock.now();
  await Promise.all([box.add("one"), box.add("two")]);
  await box.add("three");
  assert.deepEqual(asked.map(([text]) => text), ["one", "two"]);
  assert.deepEqual(box.entries.map(({ status }) => status), ["unsent", "unsent", "unsent"]);
  assert.deepEqual(["c1", "c2", "c3"].map((id) => shown.get(id).error?.message), Array(3).fill(LIMIT.message)); // not: offline
  await clock.advance(2_900);
  assert.equal(asked.length, 2);
  await clock.advance(10_000);
  assert.deepEqual(asked.slice(2).map(([text, id]) => [text, id]), [["one", "c1"], ["two", "c2"], ["three", "c3"]]);
  assert.ok(asked.every(([, , at_ms], at) => at < 2 || at_ms >= start_ms + 3_000));
  assert.deepEqual([box.entries, shown.get("c3")], [[], null]);
});

test("one that is refused again stops the others, which wait with it", async () => {
  const { box, clock, asked } = createBox([LIMIT, LIMIT, LIMIT]);
  await box.add("one");
  await box.add("two");
  await clock.advance(2_100);
  await clock.advance(2_100);
  assert.deepEqual(asked.map(([text]) => text), ["one", "one", "one"]);
  await clock.advance(2_100);
  assert.deepEqual(asked.slice(3).map(([text]) => text), ["one", "two"]);
  assert.deepEqual(box.entries, []);
});

test("what will never be taken is given back, and nothing is sent again by itself", async () => {
  const { box, clock, asked } = createBox([{ code: "too_large", message: "9000 characters (limit 8000)", retryable: false }]);
  await box.add("long");
  await clock.advance(600_000);
  assert.deepEqual([asked.length, box.entries.map(({ status }) => status)], [1, ["failed"]]);
});

/** Web storage in memory. */
function createStorage() {
  const values = new Map();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, text) => values.set(key, text), removeItem: (key) => values.delete(key), values };
}

const GONE = { code: "disconnected", message: "The connection was lost.", retryable: true };

test("the next page of the room sends what a closed tab could not, with what was said along", async () => {
  const [storage, clock] = [createStorage(), createClock()];
  const first = createBox([GONE, GONE], storage, clock);
  await first.box.add("in a tunnel", { reply_to: 7 });
  const second = createBox([], storage, clock);
  assert.deepEqual(second.box.entries.map(({ client_id, status, more }) => [client_id, status, more]), [["c1", "unsent", { reply_to: 7 }]]);
  await second.box.flush();
  assert.deepEqual(second.asked.map(([text, id]) => [text, id]), [["in a tunnel", "c1"]]);
  assert.equal(storage.values.size, 0);
  await createBox([GONE], storage, clock).box.add("", { files: ["a.png"] });
  assert.deepEqual(createBox([], storage, clock).box.entries.map(({ more }) => more.files), [["a.png"]]);
});

test("two tabs keep each other's messages, and what is too old is not sent unasked", async () => {
  const [storage, clock] = [createStorage(), createClock()];
  const one = createBox([GONE], storage, clock);
  const two = createBox([GONE], storage, clock, "d");
  await one.box.add("one");
  await two.box.add("two");
  assert.deepEqual(JSON.parse(storage.values.get("box")).map(({ text }) => text), ["one", "two"]);
  await clock.advance(3_700_000);
  const later = createBox([], storage, clock);
  await later.box.flush();
  assert.deepEqual([later.asked.length, later.box.entries.map(({ status, error }) => [status, error.code])], [0, [["failed", "stale"], ["failed", "stale"]]]);
});
