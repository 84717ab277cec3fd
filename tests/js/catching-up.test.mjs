// What comes in order over something that may lose some.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createCatchingUp } from "../../static/streams/js/catching-up.js";
import { createClock, settle } from "./fakes/clock.mjs";
import { range } from "./fakes/world.mjs";

/** Numbers that must come one after the other; `log` answers with what it has after one of them. */
function createNumbers(log) {
  const clock = createClock();
  const notes = { taken: [], asked: 0, caughtUp: 0, missing: 0, failures: [] };
  const last = () => notes.taken.at(-1) ?? 0;
  const catchingUp = createCatchingUp({
    take(number) {
      if (number > last() + 1) return false;
      if (number === last() + 1) notes.taken.push(number);
      return true;
    },
    async ask() {
      notes.asked += 1;
      const news = await log(last());
      notes.taken.push(...news);
      return news.length > 0;
    },
    onCaughtUp: () => (notes.caughtUp += 1),
    onFailure: (error) => notes.failures.push(error.message),
    onMissing: () => (notes.missing += 1),
    clock,
    random: () => 1,
  });
  return { clock, catchingUp, notes };
}

test("what continues is taken at once", () => {
  const { catchingUp, notes } = createNumbers(() => assert.fail());
  range(1, 3).forEach(catchingUp.offer);
  assert.deepEqual([notes.taken, catchingUp.busy], [[1, 2, 3], false]);
});

test("what is missing comes before what revealed it, in as many rounds as it takes, without a pause", async () => {
  const { catchingUp, notes } = createNumbers(async (after) => range(after + 1, Math.min(after + 2, 7)));
  [1, 8, 9, 10].forEach(catchingUp.offer);
  assert.equal(catchingUp.busy, true);
  await settle();
  assert.deepEqual([notes.taken, notes.asked, notes.caughtUp, catchingUp.busy], [range(1, 10), 3, 1, false]);
});

test("a log that is behind is asked again after a pause, longer and longer, and what is held keeps its order", async () => {
  let has = 1;
  const { clock, catchingUp, notes } = createNumbers(async (after) => range(after + 1, has));
  [1, 3, 4, 2, 6].forEach(catchingUp.offer);
  await clock.advance(700);
  assert.deepEqual([notes.taken, notes.asked], [[1], 2]);
  has = 5;
  await clock.advance(600);
  assert.deepEqual([notes.taken, notes.caughtUp, notes.missing], [range(1, 6), 1, 0]);
});

test("what even the log does not have is given up, and what comes then is looked at anew", async () => {
  const { clock, catchingUp, notes } = createNumbers(async () => []);
  [1, 3].forEach(catchingUp.offer);
  await clock.advance(60_000);
  assert.deepEqual([notes.taken, notes.missing, catchingUp.busy, notes.asked], [[1], 1, false, 6]);
  catchingUp.offer(2);
  assert.deepEqual(notes.taken, [1, 2]);
});

test("a log that can't be asked is a failure, once", async () => {
  const { clock, catchingUp, notes } = createNumbers(async () => { throw new Error("no log"); });
  catchingUp.offer(2);
  await clock.advance(60_000);
  assert.deepEqual([notes.failures, catchingUp.busy], [["no log"], false]);
});

test("a check asks although nothing is known to be missing, but not twice at once", async () => {
  const { catchingUp, notes } = createNumbers(async (after) => range(after + 1, 2));
  catchingUp.check();
  catchingUp.check();
  await settle();
  assert.deepEqual([notes.taken, notes.asked, notes.caughtUp], [[1, 2], 2, 1]);
});

test("stopped while it asks, it takes nothing of what it held", async () => {
  const { clock, catchingUp, notes } = createNumbers(async () => []);
  catchingUp.offer(2);
  catchingUp.stop();
  catchingUp.offer(1);
  await clock.advance(60_000);
  assert.deepEqual([notes.taken, notes.caughtUp, notes.missing], [[1], 0, 0]);
});

test("what is held is bounded: the log has the rest", async () => {
  let has = 0;
  const { clock, catchingUp, notes } = createNumbers(async (after) => range(after + 1, has));
  range(2, 1_500).forEach(catchingUp.offer);
  has = 1;
  await clock.advance(300);
  assert.equal(notes.taken.length, 1_001);
  has = 1_500;
  catchingUp.offer(1_501);
  await settle();
  assert.equal(notes.taken.length, 1_501);
});
