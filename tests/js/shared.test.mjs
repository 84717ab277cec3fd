// One connection for all tabs: whatever happens to the one that leads, every tab is given everything once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStream } from "../../static/streams/js/streams.js";
import { createRandom } from "./fakes/clock.mjs";
import { createBrowser } from "./fakes/tabs.mjs";
import { createWorld, ONE, range, TWO, watch } from "./fakes/world.mjs";
import { SEED } from "./splits.mjs";

function createTabs({ seed } = {}) {
  const world = createWorld({ seed });
  const browser = createBrowser();
  return {
    ...world,
    browser,
    /** A tab with an open stream. */
    open(url = ONE, options = {}) {
      const tab = browser.newTab();
      const notes = watch(createStream(url, { ...tab.envOf(world.env), shared: true, ...options }));
      notes.tab = tab;
      notes.stream.open();
      return notes;
    },
    live: (...tabs) => world.clock.until(() => tabs.every(({ stream }) => stream.state.name === "live")),
    leader: (...tabs) => tabs.find(({ tab }) => browser.holders().includes(tab)),
    streams: () => [...world.server.connections].filter(({ technique }) => technique !== "poll").length,
  };
}

test("several tabs hold one connection, and each is given everything", async () => {
  const { clock, server, open, live, streams } = createTabs();
  const tabs = [open(), open(), open(), open()];
  await live(...tabs);
  for (const n of range(1, 5)) server.append("a", n);
  await clock.advance(100);
  for (const tab of tabs) assert.deepEqual(tab.data, range(1, 5));
  assert.equal(streams(), 1);
  await clock.advance(60_000);
  assert.ok(tabs.every(({ stream }) => stream.lastEventId === "ea-5" && stream.canStall === false));
  assert.equal(tabs.filter(({ stream }) => stream.statistics.bytes > 0 && stream.statistics.opened_at_ms).length, 4);
});

test("any technique can be shared, and several topics", async () => {
  for (const technique of ["sse", "eventsource", "ndjson", "poll", "websocket"]) {
    const { clock, server, open, live } = createTabs();
    const tabs = [open(TWO, { technique }), open(TWO, { technique })];
    await live(...tabs);
    for (const n of range(1, 4)) server.append(n % 2 ? "a" : "b", n);
    await clock.advance(100);
    for (const { data } of tabs) assert.deepEqual([...data].sort(), range(1, 4));
    assert.deepEqual(tabs.map(({ stream }) => stream.lastEventId), ["ea-2,eb-2", "ea-2,eb-2"]);
  }
});

test("envelopes and gaps are the same in every tab", async () => {
  const { clock, server, open, live } = createTabs();
  const tabs = [open(TWO), open(TWO)];
  await live(...tabs);
  server.append("b", { n: 1 }, "paid");
  await clock.advance(10);
  assert.deepEqual(tabs[0].events, tabs[1].events);
  assert.equal(tabs[0].events[0].type, "paid");
  server.topic("a").epoch = "new";
  server.cut();
  server.append("a", "anew");
  await clock.until(() => tabs.every(({ data }) => data.includes("anew")));
  assert.deepEqual(tabs.map(({ gaps }) => gaps), Array(2).fill([{ topic: "a", requested: "ea-0", resumed_at: "new-0", lost: null, reason: "epoch" }]));
});

for (const [how, leave] of [["closes", ({ stream }) => stream.close()], ["crashes", ({ tab }) => tab.crash()], ["freezes", ({ tab }) => tab.freeze()]]) {
  test(`when the leader ${how}, another takes over, and nothing is lost or doubled`, async () => {
    const { clock, server, open, live, leader } = createTabs();
    const tabs = [open(), open(), open()];
    await live(...tabs);
    for (const n of range(1, 3)) server.append("a", n);
    await clock.advance(10);
    const first = leader(...tabs);
    for (const n of range(4, 6)) server.append("a", n); // on its way to the leader, told to nobody yet
    leave(first);
    for (const n of range(7, 9)) server.append("a", n);
    const others = tabs.filter((tab) => tab !== first);
    await clock.until(() => others.every(({ data }) => data.length >= 9));
    await clock.advance(60_000);
    for (const { data, stream } of others) assert.deepEqual([data, stream.state.name], [range(1, 9), "live"]);
    for (const { names } of others) assert.ok(!names.includes("closed") && !names.includes("refused"), names.join());
    assert.ok(leader(...others));
  });
}

test("a leader that thaws finds itself a follower, and is given what it missed", async () => {
  const { clock, server, open, live, leader, streams } = createTabs();
  const tabs = [open(), open(), open()];
  await live(...tabs);
  const first = leader(...tabs);
  first.tab.freeze();
  for (const n of range(1, 5)) server.append("a", n);
  await clock.until(() => tabs.every((tab) => tab === first || tab.data.length === 5));
  const second = leader(...tabs);
  assert.notEqual(first, second);
  first.tab.thaw();
  server.append("a", 6);
  await clock.until(() => tabs.every(({ data }) => data.length === 6));
  await clock.advance(30_000);
  for (const { data, stream } of tabs) assert.deepEqual([data, stream.state.name], [range(1, 6), "live"]);
  assert.equal(leader(...tabs), second);
  assert.equal(streams(), 1);
});

test("a follower that slept is given what it missed from the log, in several rounds if need be", async () => {
  const { clock, server, open, live } = createTabs();
  server.page = 2;
  const tabs = [open(), open()];
  await live(...tabs);
  const [, follower] = tabs;
  follower.tab.deaf = true;
  for (const n of range(1, 5)) server.append("a", n);
  await clock.advance(100);
  assert.deepEqual(follower.data, []);
  follower.tab.deaf = false;
  server.append("a", 6);
  await clock.advance(100);
  assert.deepEqual(follower.data, range(1, 6));
  follower.tab.deaf = true;
  for (const n of range(7, 8)) server.append("a", n);
  await clock.advance(100);
  follower.tab.deaf = false;
  await clock.advance(20_000); // no new event: the leader's word is asked for, and tells that something is missing
  assert.deepEqual(follower.data, range(1, 8));
  follower.tab.deaf = true;
  server.append("a", 9);
  await clock.advance(100);
  follower.tab.deaf = false;
  follower.stream.wake(true);
  await clock.advance(0);
  assert.deepEqual(follower.data, range(1, 9));
});

test("a tab that opens later begins where it wants to", async () => {
  const { clock, server, open, live, streams } = createTabs();
  for (const n of range(1, 5)) server.append("a", n);
  const first = open();
  await live(first);
  for (const n of range(6, 8)) server.append("a", n);
  await clock.advance(10);
  const tabs = ["earliest", "-2", "ea-4", ""].map((from) => open(ONE, { from }));
  await live(...tabs);
  server.append("a", 9);
  await clock.advance(100);
  assert.deepEqual(tabs.map(({ data }) => data), [range(1, 9), range(7, 9), range(5, 9), [9]]);
  assert.deepEqual(first.data, range(6, 9));
  assert.equal(streams(), 1);
});

test("a tab that opens later is told its own gap, and nobody else", async () => {
  const { clock, server, open, live } = createTabs();
  for (const n of range(1, 9)) server.append("a", n);
  server.trim("a", 2);
  const first = open();
  await live(first);
  const late = open(ONE, { from: "ea-3" });
  await live(late);
  assert.deepEqual([late.gaps.map(({ lost }) => lost), late.data, first.gaps], [[4], [8, 9], []]);
});

test("a tab that asks a process which is a little behind asks again, and waits with what it was told", async () => {
  const { clock, server, open, live, env } = createTabs();
  const first = open();
  await live(first);
  let behind = 2;
  const fetch = async (url, options) => {
    const response = await env.fetch(url, options);
    if (options.headers.Accept !== "application/json" || (behind -= 1) < 0) return response;
    const answer = await response.json();
    return new Response(JSON.stringify({ ...answer, events: [], last_event_id: "ea-0" }), { headers: response.headers });
  };
  server.append("a", 1);
  await clock.advance(10);
  const late = open(ONE, { from: "earliest", fetch });
  await clock.until(() => late.data.length === 1);
  server.append("a", 2);
  await clock.advance(10);
  assert.deepEqual(late.data, [1, 2]);
});

test("a follower that missed how the log went back is told so by the log", async () => {
  const { clock, server, open, live, leader } = createTabs();
  const tabs = [open(), open()];
  await live(...tabs);
  for (const n of range(1, 9)) server.append("a", n);
  await clock.advance(10);
  const follower = tabs.find((tab) => tab !== leader(...tabs));
  follower.tab.deaf = true;
  Object.assign(server.topic("a"), { head: 0, events: [] }); // a backup was restored
  server.cut();
  server.append("a", "new 1");
  await clock.until(() => leader(...tabs).data.includes("new 1"));
  follower.tab.deaf = false;
  server.append("a", "new 2");
  await clock.advance(1_000);
  for (const { data, gaps } of tabs) {
    assert.deepEqual(data, [...range(1, 9), "new 1", "new 2"]);
    assert.deepEqual(gaps.map(({ requested, resumed_at }) => [requested, resumed_at]), [["ea-9", "ea-0"]]);
  }
});

test("a leader that nobody sees, whose timers are late, is woken by those who are seen", async () => {
  const { clock, server, open, live, leader } = createTabs();
  const tabs = [open(), open()];
  await live(...tabs);
  const first = leader(...tabs);
  first.tab.late = true;
  server.cut();
  server.append("a", 1);
  await clock.advance(12_000);
  assert.deepEqual(tabs.map(({ data, stream }) => [data, stream.state.name]), Array(2).fill([[1], "live"]));
  assert.equal(leader(...tabs), first);
});

test("a tab that opens while the leader is frozen leads soon, and one that is woken then needs not wait either", async () => {
  const { clock, server, open, live, leader } = createTabs();
  const first = open();
  await live(first);
  first.tab.freeze();
  const second = open();
  await clock.advance(6_000);
  assert.deepEqual([second.stream.state.name, leader(first, second)], ["live", second]);
  const third = open();
  await live(third);
  second.tab.freeze();
  server.append("a", 1);
  third.stream.wake(true);
  await clock.advance(0);
  assert.deepEqual(third.data, [1]); // from the log
  await clock.advance(6_000);
  assert.equal(leader(first, second, third), third);
});

test("what the leader is in, every tab is in", async () => {
  const { clock, server, open, live } = createTabs();
  const tabs = [open(), open()];
  await live(...tabs);
  server.refusals = Array(8).fill(503);
  server.cut();
  await clock.advance(2_500);
  for (const { stream, states } of tabs) {
    assert.ok(states.some(({ name, reason }) => name === "waiting" && reason === "lost"));
    assert.equal(stream.state.reason ?? "unavailable", "unavailable");
    assert.notEqual(stream.state.name, "live");
  }
  server.refusals = [];
  const late = open();
  await live(...tabs, late);
});

test("who is refused tells all: nobody knocks again until somebody is told to", async () => {
  const { clock, server, open, live, browser } = createTabs();
  const tabs = [open(), open(), open()];
  await live(...tabs);
  server.close("kicked", false);
  await clock.until(() => tabs.every(({ stream }) => stream.state.name === "refused"));
  const { length } = server.asked;
  await clock.advance(600_000);
  assert.equal(server.asked.length, length);
  assert.deepEqual([clock.timers, browser.holders()], [0, [undefined]]);
  assert.deepEqual(tabs.map(({ reason }) => reason), Array(3).fill("kicked"));
  server.append("a", 1);
  for (const { stream } of tabs) stream.open();
  await live(...tabs);
  await clock.advance(100);
  for (const { data } of tabs) assert.deepEqual(data, [1]);
});

test("a follower's wish to try now, and its cut, are the leader's", async () => {
  const { clock, server, open, live, leader } = createTabs();
  const tabs = [open(), open()];
  await live(...tabs);
  const follower = tabs.find((tab) => tab !== leader(...tabs));
  follower.stream.cut();
  await clock.advance(0);
  assert.equal(follower.stream.state.name, "waiting");
  follower.stream.wake();
  await clock.advance(0);
  assert.equal(follower.stream.state.name, "live");
});

test("the moments of the browser wake the one connection, once", async () => {
  const { clock, server, open, live, streams } = createTabs();
  globalThis.window = new EventTarget();
  globalThis.document = new EventTarget();
  try {
    const tabs = [open(), open()];
    await live(...tabs);
    const asked = () => server.asked.filter(({ technique }) => technique === "sse").length;
    window.dispatchEvent(new Event("online"));
    await clock.advance(100);
    assert.deepEqual([asked(), streams()], [2, 1]);
    for (const { stream } of tabs) stream.close();
    window.dispatchEvent(new Event("online"));
    await clock.advance(100);
    assert.deepEqual([asked(), clock.timers], [2, 0]);
  } finally {
    delete globalThis.window;
    delete globalThis.document;
  }
});

test("tabs of different people do not share, nor tabs of different streams", async () => {
  const { open, live, streams } = createTabs();
  await live(open(ONE, { shared: "ada" }), open(ONE, { shared: "bob" }), open(TWO), open(ONE, { shared: "ada" }));
  assert.equal(streams(), 3);
});

test("without locks or channels a tab has a connection of its own, quietly", async () => {
  const { clock, server, open, live, streams } = createTabs();
  const mute = class { constructor() { throw new DOMException("denied", "SecurityError"); } };
  const tabs = [open(ONE, { locks: null }), open(ONE, { BroadcastChannel: null }), open(ONE, { BroadcastChannel: mute }),
    open(ONE, { locks: { request: async () => { throw new DOMException("denied", "SecurityError"); } } })];
  await live(...tabs);
  server.append("a", 1);
  await clock.advance(100);
  assert.equal(streams(), 4);
  for (const { data } of tabs) assert.deepEqual(data, [1]);
});

test("a tab can be closed by whoever hears that it connects, and opened again", async () => {
  const { clock, server, open, live, browser, env } = createTabs();
  const notes = open();
  notes.stream.close();
  const stop = notes.stream.onState(() => {
    stop();
    notes.stream.close();
  });
  notes.stream.open();
  await clock.advance(60_000);
  assert.deepEqual(notes.names, ["connecting", "closed", "connecting", "closed"]);
  assert.deepEqual([clock.timers, server.connections.size, browser.holders()], [0, 0, [undefined]]);
  notes.stream.open();
  await live(notes);
});

test(`an hour of tabs that come, freeze, crash and go, in bad weather: every one is given everything once (SEED=${SEED})`, async () => {
  const world = createTabs({ seed: SEED });
  const { clock, server, open } = world;
  const random = createRandom(SEED);
  const pick = (list) => list[Math.floor(random() * list.length)];
  server.append("a", 0);
  let tabs = [open(ONE, { from: "earliest" })];
  for (const n of range(1, 200)) {
    server.append("a", n);
    const tab = pick(tabs);
    const weather = random();
    if (weather < 0.08 && tabs.length < 6) tabs.push(open(ONE, { from: "earliest" }));
    else if (weather < 0.12 && tabs.length > 2) tabs.splice(tabs.indexOf(tab), 1)[0].tab.crash();
    else if (weather < 0.16) tab.stream.close();
    else if (weather < 0.22) tab.tab.freeze();
    else if (weather < 0.26) tab.tab.deaf = !tab.tab.deaf;
    else if (weather < 0.3) tab.stream.wake(random() < 0.5);
    else if (weather < 0.34) server.cut();
    else if (weather < 0.37) server.refusals.push(502, "network");
    for (const other of tabs) {
      if (other.tab.frozen && random() < 0.2) other.tab.thaw();
      if (other.stream.state.name === "closed" && random() < 0.3) other.stream.open();
    }
    await clock.advance(random() * 5_000);
  }
  server.refusals = [];
  for (const { tab, stream } of tabs) {
    tab.thaw();
    tab.deaf = false;
    stream.open();
  }
  await clock.advance(120_000);
  for (const tab of tabs) assert.deepEqual([tab.data, tab.stream.state.name], [range(0, 200), "live"]);
  assert.equal(world.streams(), 1);
});
