// The moments in which a browser should look again.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { neverWakes, onWake, placeWakes } from "../../static/streams/js/wake.js";
import { createClock } from "./fakes/clock.mjs";

let clock, window, document, wakes, stop;

beforeEach(() => {
  clock = createClock();
  window = new EventTarget();
  document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  wakes = [];
  stop = onWake((hard) => wakes.push(hard), { window, document, clock });
});

const show = (visibilityState) => {
  document.visibilityState = visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
};

test("the network is back", () => {
  window.dispatchEvent(new Event("online"));
  assert.deepEqual(wakes, [true]);
});

test("the page comes out of the back-forward cache, and not only for the first time", () => {
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  assert.deepEqual(wakes, []);
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  assert.deepEqual(wakes, [true]);
});

test("the page is seen again: softly, but hard after a long sleep", async () => {
  show("hidden");
  assert.deepEqual(wakes, []);
  await clock.advance(60_000);
  show("visible");
  assert.deepEqual(wakes, [false]);
  clock.sleep(100_000);
  show("visible");
  assert.deepEqual(wakes, [false, true]);
});

test("the machine has slept under a page that is seen all the time", async () => {
  await clock.advance(600_000);
  assert.deepEqual(wakes, []);
  clock.sleep(600_000);
  await clock.advance(0);
  assert.deepEqual(wakes, [true]);
});

test("after the end nothing wakes", () => {
  stop();
  window.dispatchEvent(new Event("online"));
  show("visible");
  assert.deepEqual([wakes, clock.timers], [[], 0]);
});

test("where there is no window, nothing wakes", () => {
  assert.equal(placeWakes(clock), neverWakes);
  neverWakes(() => assert.fail())();
});
