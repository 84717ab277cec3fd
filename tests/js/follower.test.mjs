// What a tab without a connection takes from what it is told, and what it asks the log for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createFollower } from "../../static/streams/js/follower.js";
import { createInbox } from "../../static/streams/js/inbox.js";
import { readPlace } from "../../static/streams/js/place.js";
import { createWorld, ONE, range } from "./fakes/world.mjs";

const LIVE = { name: "live" };

/** A follower that stands at `from`, in a world where nine events are in the log. */
function createTab(from, { fetch } = {}) {
  const world = createWorld();
  for (const n of range(1, 9)) world.server.append("a", n);
  const place = readPlace(ONE);
  const inbox = createInbox(place, from);
  const notes = { ids: [], gaps: [], states: [], posted: [], silences: 0 };
  inbox.onEvent(({ id }) => notes.ids.push(id));
  inbox.onGap(({ resumed_at }) => notes.gaps.push(resumed_at));
  const follower = createFollower({
    place, inbox, random: world.random,
    post: ({ kind }) => notes.posted.push(kind),
    onState: (state) => notes.states.push(state),
    onSilence: () => (notes.silences += 1),
    asking: { fetch: fetch ?? world.env.fetch, headers: {}, credentials: "same-origin", clock: world.clock },
  });
  const tell = (after, position, frames = [], more = {}) =>
    follower.hear({ kind: "told", chain: "x/0", after, position, frames, state: LIVE, opened_at_ms: 1, ...more });
  return { ...world, ...notes, notes, inbox, follower, tell, polls: () => world.server.asked.length };
}

const event = (id) => ({ id, topic: "a", type: "message", data: null });
const gap = (requested, resumed_at) => ({ type: "stream.gap", topic: "a", data: { requested, resumed_at, lost: null, reason: "lagged" } });

test("what continues its position is taken without asking anybody", async () => {
  const { clock, tell, ids, polls } = createTab("ea-9");
  tell("ea-9", "ea-9");
  tell("ea-9", "ea-11", [event("ea-10"), event("ea-11")]);
  tell("ea-11", "ea-12", [event("ea-12")]);
  await clock.advance(0);
  assert.deepEqual([ids, polls()], [["ea-10", "ea-11", "ea-12"], 0]);
});

test("what another leader tells again is not taken twice", async () => {
  const { clock, tell, ids, polls } = createTab("ea-9");
  tell("ea-9", "ea-9");
  tell("ea-7", "ea-8", [event("ea-8")], { chain: "y/0" });
  tell("ea-8", "ea-11", [event("ea-9"), event("ea-10"), event("ea-11")], { chain: "y/0" });
  await clock.advance(0);
  assert.deepEqual([ids, polls()], [["ea-10", "ea-11"], 1]); // one question, since who tells it is new
});

test("before the leader knows where it stands, nothing is taken and nobody is live", async () => {
  const { clock, tell, states, polls } = createTab("");
  tell("", "", [], { state: { name: "connecting" } });
  await clock.advance(0);
  assert.deepEqual([states, polls()], [[{ name: "connecting" }], 0]);
});

test("it is live when it has caught up, and not before", async () => {
  const { clock, tell, states, ids } = createTab("ea-7");
  tell("ea-9", "ea-9");
  assert.deepEqual(states, []);
  await clock.advance(0);
  assert.deepEqual([states, ids], [[LIVE], ["ea-8", "ea-9"]]);
});

test("a gap is taken by who stands where it begins", async () => {
  const { tell, gaps, inbox } = createTab("ea-9");
  tell("ea-9", "ea-9");
  tell("ea-9", "new-0", [gap("ea-9", "new-0")], { chain: "x/1" });
  assert.deepEqual([gaps, inbox.positions.joint], [["new-0"], "new-0"]);
});

test("a gap that the log knows nothing of is not taken by who has read on: the leader was slow, this tab was not", async () => {
  const { clock, server, tell, gaps, ids } = createTab("ea-7");
  tell("ea-5", "ea-5");
  await clock.advance(0);
  for (const n of range(10, 20)) server.append("a", n);
  tell("ea-5", "ea-15", [gap("ea-5", "ea-15")], { chain: "x/1" });
  server.topic("a").events.splice(12); // asked just now, another process has no more than this
  await clock.advance(0);
  for (const n of range(13, 20)) server.topic("a").events.push({ ...event(`ea-${n}`), seq: n });
  tell("ea-15", "ea-16", [event("ea-16")], { chain: "x/1" });
  await clock.advance(5_000);
  assert.deepEqual([gaps, ids], [[], range(8, 20).map((n) => `ea-${n}`)]);
});

test("a gap that the log has told already is not told again", async () => {
  const { clock, server, tell, gaps, ids } = createTab("ea-7");
  Object.assign(server.topic("a"), { epoch: "new", head: 0, events: [] });
  for (const n of range(1, 3)) server.append("a", n);
  tell("ea-9", "new-0", [gap("ea-9", "new-0")], { chain: "x/1" });
  tell("new-0", "new-1", [event("new-1")], { chain: "x/1" });
  await clock.advance(0);
  assert.deepEqual([gaps, ids], [["new-0"], ["new-1", "new-2", "new-3"]]);
});

test("a log that can't be asked is asked again, and what is told meanwhile waits there", async () => {
  const { clock, server, tell, states, ids, polls } = createTab("ea-7");
  server.refusals = ["network"];
  tell("ea-9", "ea-9");
  await clock.advance(0);
  assert.deepEqual([states.at(-1).name, states.at(-1).reason, polls()], ["waiting", "lost", 1]);
  server.append("a", 10);
  tell("ea-9", "ea-10", [event("ea-10")]);
  assert.equal(polls(), 1);
  await clock.advance(600);
  assert.deepEqual([states.at(-1), ids, polls()], [LIVE, ["ea-8", "ea-9", "ea-10"], 3]);
});

test("a long wait for the log is cut short by waking", async () => {
  const { clock, server, tell, ids, follower, posted } = createTab("ea-7");
  server.refusals = [{ status: 503, headers: { "Retry-After": "60" } }];
  tell("ea-9", "ea-9");
  await clock.advance(1_000);
  assert.deepEqual(ids, []);
  follower.wake(false);
  await clock.advance(0);
  assert.deepEqual(ids, ["ea-8", "ea-9"]);
  assert.deepEqual(posted, ["ask", "wake", "ask"]);
});

test("a log that refuses it is final", async () => {
  const { clock, server, tell, states } = createTab("ea-7");
  server.refusals = [401];
  tell("ea-9", "ea-9");
  await clock.advance(600_000);
  assert.deepEqual(states, [{ name: "refused", reason: "sign_in" }]);
});

test("a leader that says nothing is asked, and one that does not answer is none", async () => {
  const { clock, tell, posted, notes, polls } = createTab("ea-9");
  await clock.advance(4_900);
  assert.deepEqual([posted, notes.silences], [["ask"], 0]);
  tell("ea-9", "ea-9");
  await clock.advance(9_000);
  tell("ea-9", "ea-9");
  await clock.advance(9_000);
  assert.deepEqual([posted, notes.silences], [["ask"], 0]);
  await clock.advance(5_900);
  assert.deepEqual([posted, notes.silences], [["ask", "ask"], 0]);
  await clock.advance(200);
  assert.deepEqual([notes.silences, polls()], [1, 0]);
});

test("once it is stopped it does nothing more", async () => {
  const { clock, server, tell, ids, states, follower } = createTab("ea-7");
  tell("ea-9", "ea-9");
  follower.stop();
  await clock.advance(60_000);
  assert.deepEqual([ids, states, clock.timers], [[], [], 0]);
});

test("a question that nobody answers is given up, and asked again", async () => {
  let deaf = true;
  const asked = [];
  const fetch = (url, options) => {
    asked.push(url);
    if (!deaf) return tab.env.fetch(url, options);
    return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(new DOMException("gone", "AbortError"))));
  };
  const tab = createTab("ea-3", { fetch });
  tab.tell("ea-9", "ea-9");
  await tab.clock.advance(19_000);
  assert.deepEqual([asked.length, tab.ids], [1, []]);
  await tab.clock.advance(1_100);
  assert.equal(tab.states.at(-1).name, "waiting");
  deaf = false;
  await tab.clock.advance(5_000);
  assert.deepEqual(tab.ids, range(4, 9).map((n) => `ea-${n}`));
});

test("a hard wake gives up a question that is under way", async () => {
  let deaf = true;
  const fetch = (url, options) => {
    if (!deaf) return tab.env.fetch(url, options);
    return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(new DOMException("gone", "AbortError"))));
  };
  const tab = createTab("ea-3", { fetch });
  tab.tell("ea-9", "ea-9");
  await tab.clock.advance(1_000);
  deaf = false;
  tab.follower.wake(true);
  await tab.clock.advance(2_000);
  assert.deepEqual(tab.ids, range(4, 9).map((n) => `ea-${n}`));
});
