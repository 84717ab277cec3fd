// Answers as one tab knows them: they grow by blocks, have versions, and are read again where they do not add up.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";

import { createHealer } from "../../static/streams/js/chat/healing.js";
import { createRoomStore } from "../../static/streams/js/chat/room-store.js";
import { createClock, settle } from "./fakes/clock.mjs";

const ADA = { id: "u:1", name: "Ada", kind: "user" };
const page = (items = [], seq = 7) => ({ room: { slug: "lobby" }, topic: "room:lobby", position: `e-${seq}`, older: false, oldest: null, items });
const time = (seq) => new Date(1_700_000_000_000 + seq * 1000).toISOString();
const sums = (text) => ({ length: [...text].length, sha256: createHash("sha256").update(text).digest("hex") });

/** A store, and what makes one event after the other of its room. */
function createRoom(items, seq = 7) {
  const store = createRoomStore(page(items, seq));
  let last = seq;
  const event = (type, data) => ({ id: `e-${(last += 1)}`, topic: "room:lobby", type, data, time: time(last) });
  const start = (generation, more = {}) =>
    event("generation.start", { generation, message: 3, version: 1, question: "@claude hi", model: "m", label: "Claude", demo: false, asked_by: ADA, status: "running", ...more });
  const end = (generation, text, more = {}) =>
    event("generation.end", { generation, status: "done", stop_reason: "end_turn", usage: null, error: null, by: null, ...sums(text), blocks: 0, html: null, text: null, ...more });
  return { store, event, start, end, apply: (...of) => store.apply(event(...of)) };
}

test("a block takes its characters off the tail, by code points", () => {
  const { store, start, end, apply } = createRoom();
  const { item } = store.apply(start("g"));
  apply("generation.delta", { generation: "g", text: "🌊 one\n\ntw" });
  const change = apply("generation.block", { generation: "g", index: 0, chars: 7, html: "<p>🌊 one</p>\n" });
  assert.deepEqual([change.kind, change.units, item.tail, item.html_chars], ["block", 8, "tw", 7]);
  apply("generation.delta", { generation: "g", text: "o" });
  apply("generation.block", { generation: "g", index: 1, chars: 3, html: "<p>two</p>\n" });
  const ended = store.apply(end("g", "🌊 one\n\ntwo", { blocks: 2 }));
  assert.deepEqual([item.text, item.tail, item.html, item.blocks], ["🌊 one\n\ntwo", "", "<p>🌊 one</p>\n<p>two</p>\n", 2]);
  assert.deepEqual([ended.kind, ended.sound, item.status], ["ended", true, "done"]);
  assert.deepEqual(Object.values(item.timing), [time(8), time(8), time(9), time(13)]);
});

test("a block that is not the next, or longer than the text, breaks the answer until it is read", () => {
  for (const wrong of [{ index: 1, chars: 2 }, { index: 0, chars: 9 }, { index: 0, chars: 0 }]) {
    const { store, start, apply } = createRoom();
    const { item } = store.apply(start("g"));
    apply("generation.delta", { generation: "g", text: "🌊🌊 a" });
    assert.equal(apply("generation.block", { generation: "g", html: "<p></p>", ...wrong }).kind, "broken");
    assert.equal(apply("generation.block", { generation: "g", index: 0, chars: 2, html: "<p></p>" }), null);
    assert.deepEqual([item.tail, item.html], ["🌊🌊 a", null]);
  }
});

test("a page that loads in the middle of an answer goes on where its blocks end", () => {
  const half = { kind: "generation", seq: 5, generation: "g", status: "running", text: "one\n\ntw", html: "<p>one</p>\n", html_chars: 5, blocks: 1, asked_by: ADA };
  const { store, apply } = createRoom([half]);
  const [item] = store.items;
  assert.equal(item.tail, "tw");
  apply("generation.delta", { generation: "g", text: "o" });
  assert.equal(apply("generation.block", { generation: "g", index: 1, chars: 3, html: "<p>two</p>\n" }).kind, "block");
  assert.equal(item.html, "<p>one</p>\n<p>two</p>\n");
});

test("an end with the whole text is taken by who has a part of it", () => {
  const { store, start, end, apply } = createRoom();
  const { item } = store.apply(start("g"));
  apply("generation.delta", { generation: "g", text: "on" });
  const change = store.apply(end("g", "one", { text: "one", html: "<p>one</p>", blocks: 1 }));
  assert.deepEqual([item.text, item.tail, item.html, change.sound], ["one", "", "<p>one</p>", true]);
});

test("another version is shown at the place of the first, and each can be had back as it stands", () => {
  const { store, start, end, apply } = createRoom();
  const { item } = store.apply(start("g1"));
  apply("generation.delta", { generation: "g1", text: "first" });
  store.apply(end("g1", "first"));
  const begun = store.apply(start("g2", { version: 2, question: "@claude hi!" }));
  assert.deepEqual([begun.kind, begun.item === item, store.items.length], ["version", true, 1]);
  assert.deepEqual([item.generation, item.text, item.seq, item.status], ["g2", "", 8, "running"]);
  assert.equal(store.answers.show("g1").item, item);
  apply("generation.delta", { generation: "g2", text: "second" }); // while the first is looked at
  assert.deepEqual([item.generation, item.text, item.question], ["g1", "first", "@claude hi"]);
  store.apply(end("g2", "second"));
  assert.deepEqual(item.versions.map(({ version, status }) => [version, status]), [[1, "done"], [2, "done"]]);
  assert.equal(apply("generation.chosen", { generation: "g2", by: ADA }).item, item);
  assert.deepEqual([item.generation, item.text, item.versions.length], ["g2", "second", 2]);
});

test("a version of an answer that is not loaded is told, and not put at the end", () => {
  const { store, start } = createRoom();
  assert.equal(store.apply(start("g9", { version: 3, message: 1 })).kind, "elsewhere");
  assert.equal(store.items.length, 0);
});

test("a version that is not known is wanted, read, and shown", async () => {
  const old = { kind: "generation", seq: 5, message: 3, generation: "g2", version: 2, status: "done", text: "b", asked_by: ADA,
    versions: [{ generation: "g1", version: 1, status: "done" }, { generation: "g2", version: 2, status: "done" }] };
  const { store, apply } = createRoom([old]);
  const [item] = store.items;
  const shown = [];
  const readAnswer = async () => ({ ...old, generation: "g1", version: 1, text: "a", position: "e-9" });
  const healer = createHealer({ store, readAnswer, clock: createClock(), subtle: undefined, onChange: ({ kind }) => shown.push(kind), onError: assert.fail });
  const change = apply("generation.chosen", { generation: "g1", by: ADA });
  assert.equal(change.kind, "wanted");
  healer.after(change);
  await settle();
  assert.deepEqual([item.generation, item.text, item.versions.length, shown.at(-1)], ["g1", "a", 2, "version"]);
});

test("those before a queued answer are counted", () => {
  const { store, start, end } = createRoom();
  store.apply(start("g1"));
  store.apply(start("g2", { message: 4, status: "queued" }));
  const { item } = store.apply(start("g3", { message: 5, status: "queued" }));
  assert.equal(store.answers.before(item), 2);
  store.apply(end("g1", ""));
  assert.equal(store.answers.before(item), 1);
});

/** A room whose answer "g" runs here, and a server that answers `states` one after the other. */
function createHealing(...states) {
  const clock = createClock();
  const room = createRoom();
  const { item } = room.store.apply(room.start("g"));
  const asked = [];
  const changes = [];
  const errors = [];
  const whole = { ...item, kind: "generation", status: "done", text: "whole", html: "<p>whole</p>", html_chars: 5, position: "e-20" };
  const readAnswer = async (generation) => {
    asked.push([generation, clock.now()]);
    const state = states.shift() ?? {};
    if (state instanceof Error) throw state;
    return { ...whole, ...state };
  };
  const onChange = (change) => changes.push(change.kind);
  const healer = createHealer({ store: room.store, readAnswer, clock, subtle: webcrypto.subtle, onChange, onError: (text) => errors.push(text) });
  const apply = (envelope) => {
    const change = room.store.apply(envelope);
    healer.heard(envelope);
    if (change) healer.after(change);
  };
  return { ...room, item, clock, asked, changes, errors, healer, take: apply, whole };
}

test("an answer whose end does not add up is read again: length, digest or blocks", async () => {
  for (const wrong of [{ length: 9 }, { sha256: "00" }, { blocks: 3 }, { blocks: null }]) {
    const { take, event, end, item, asked, errors } = createHealing();
    take(event("generation.delta", { generation: "g", text: "who" }));
    take(end("g", "who", wrong));
    while (!asked.length) await settle(); // the digest is another thread's
    await settle();
    assert.deepEqual([item.text, item.html, asked.length, errors], ["whole", "<p>whole</p>", 1, []]);
  }
});

test("a lost end heals when the page comes back, and after a while by itself", async () => {
  const { healer, item, clock, asked, changes } = createHealing({ status: "running", text: "" }, new Error("down"), {});
  healer.checkAll();
  await settle();
  assert.deepEqual([item.status, changes], ["running", []]); // the server knows no more than we: nothing is drawn anew
  for (let second = 0; second < 29; second += 1) {
    await clock.advance(1_000);
    healer.tick();
  }
  assert.equal(asked.length, 1);
  await clock.advance(1_000);
  healer.tick();
  await settle();
  assert.deepEqual([asked.length, item.status], [2, "running"]);
  await clock.advance(30_000);
  healer.tick();
  await settle();
  assert.deepEqual([item.status, item.text, changes], ["done", "whole", ["ended"]]);
});

test("what comes while an answer is read is applied once", async () => {
  const { store, take, event, end, item, errors } = createHealing({ status: "running", text: "one ", html: null, html_chars: 0, position: "e-11" });
  take(event("generation.delta", { generation: "g", text: "one" })); // e-9
  take(event("generation.block", { generation: "g", index: 4, chars: 3, html: "" })); // e-10: broken
  take(event("generation.delta", { generation: "g", text: " " })); // e-11: in what is read
  take(event("generation.delta", { generation: "g", text: "two" })); // e-12: not in it
  await settle();
  take(event("generation.delta", { generation: "g", text: "!" }));
  take(end("g", "one two!"));
  await settle();
  assert.deepEqual([item.text, item.tail, item.status, errors, store.items.length], ["one two!", "one two!", "done", [], 1]);
});
