// A room as one tab knows it: pages read at different moments, events in between, and every item ends up as it is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createPaging } from "../../static/streams/js/chat/paging.js";
import { createRoomStore } from "../../static/streams/js/chat/room-store.js";

const TOPIC = "room:lobby";
const ADA = { id: "u:1", name: "Ada", kind: "user" };
const BEA = { id: "u:2", name: "Bea", kind: "user" };
const message = (seq, text, more = {}) => ({ kind: "message", seq, time: "2026-11-23T04:43:00Z", author: ADA, text, ...more });
const page = (head, items, more = {}) => ({
  room: { slug: "lobby", title: "Lobby", description: "" }, topic: TOPIC, position: `e-${head}`, older: false, oldest: items[0]?.seq ?? null, items, ...more,
});
const event = (seq, type, data) => ({ id: `e-${seq}`, topic: TOPIC, type, data, time: "2026-11-23T05:00:00Z" });
const said = (store) => store.items.map(({ seq, text }) => [seq, text]);

test("an edit, a reaction and a deletion change their message and nothing else", () => {
  const store = createRoomStore(page(5, [message(3, "one"), message(4, "two")]));
  store.apply(event(6, "message.edited", { message: 3, text: "one, better", mentions: [BEA], by: ADA }));
  store.apply(event(7, "reaction", { message: 4, emoji: "👍", by: ADA, on: true }));
  store.apply(event(8, "reaction", { message: 4, emoji: "👍", by: BEA, on: true }));
  store.apply(event(9, "reaction", { message: 4, emoji: "👍", by: ADA, on: false }));
  assert.deepEqual(said(store), [[3, "one, better"], [4, "two"]]);
  assert.deepEqual(store.items[0].mentions, [{ id: "u:2", name: "Bea" }]);
  assert.deepEqual(store.items[1].reactions, [{ emoji: "👍", people: [{ id: "u:2", name: "Bea" }] }]);
  store.apply(event(10, "message.deleted", { message: 4, by: ADA }));
  assert.equal(store.apply(event(11, "message.edited", { message: 4, text: "back again" })), null);
  assert.deepEqual([store.items[1].text, store.items[1].deleted, store.items[1].reactions], ["", true, []]);
});

test("events of other topics, seen ones and strange ones change nothing", () => {
  const store = createRoomStore(page(5, [message(3, "one")]));
  for (const strange of [
    { ...event(9, "message", { author: ADA, text: "elsewhere" }), topic: "room:lobby:live" },
    event(5, "message.edited", { message: 3, text: "old news" }),
    event(6, "message.edited", { message: 99, text: "not loaded" }),
    event(7, "reaction", { message: 3, emoji: 7 }),
    event(8, "toString", null),
  ]) assert.equal(store.apply(strange), null, strange.type);
  assert.deepEqual(said(store), [[3, "one"]]);
  assert.equal(store.position, "e-8");
});

test("a page that was read later than the stream has come is not changed by what it has already", () => {
  const store = createRoomStore(page(10, [message(9, "nine")], { older: true }));
  store.prepend(page(12, [message(2, "two, edited at 12", { edited: "2026-11-23T05:00:00Z" })]));
  store.apply(event(11, "message.edited", { message: 2, text: "two, edited at 11" }));
  store.apply(event(12, "message.edited", { message: 2, text: "two, edited at 12" }));
  store.apply(event(13, "message.edited", { message: 2, text: "two, edited at 13" }));
  assert.deepEqual(said(store), [[2, "two, edited at 13"], [9, "nine"]]);
});

test("what comes while a page is read is applied to the page too", async () => {
  const store = createRoomStore(page(10, [message(9, "nine")], { older: true }));
  let tell, answer;
  const history = { before: () => new Promise((resolve) => (answer = resolve)) };
  const paging = createPaging({ store, history, onEvent: (listener) => (tell = listener) });
  const reading = paging.older();
  for (const one of [event(11, "message.edited", { message: 2, text: "edited meanwhile" }), event(12, "message", { author: BEA, text: "new" })]) {
    store.apply(one);
    tell(one);
  }
  answer(page(10, [message(2, "two")]));
  assert.equal(await reading, 1);
  assert.deepEqual(said(store), [[2, "edited meanwhile"], [9, "nine"], [12, "new"]]);
});

test("far above the end new messages are not shown, and come with the pages that lead there", async () => {
  const store = createRoomStore(page(50, [message(49, "end")], { older: true }));
  const history = {
    around: async () => page(50, [message(4, "four"), message(5, "five")], { older: true, newer: true }),
    after: async (seq) => (assert.equal(seq, 5), page(52, [message(49, "end"), message(51, "new")], { newer: false })),
  };
  let tell = () => {};
  const paging = createPaging({ store, history, onEvent: (listener) => (tell = listener) });
  await paging.around(4);
  const came = event(51, "message", { author: ADA, text: "new" });
  tell(came);
  assert.equal(store.apply(came).kind, "beyond");
  assert.deepEqual(said(store), [[4, "four"], [5, "five"]]);
  assert.equal(await paging.newer(), 2);
  assert.deepEqual([said(store), store.newer], [[[4, "four"], [5, "five"], [49, "end"], [51, "new"]], false]);
  assert.equal(store.apply(event(53, "message", { author: ADA, text: "next" })).kind, "added");
});

test("what is forgotten at either end can be read again", () => {
  const store = createRoomStore(page(9, [1, 2, 3, 4, 5, 6].map((seq) => message(seq, `${seq}`))));
  assert.deepEqual(store.forget(4).map(({ seq }) => seq), [1, 2]);
  assert.deepEqual([store.older, store.oldest], [true, 3]);
  assert.deepEqual(store.forgetNewest(2).map(({ seq }) => seq), [5, 6]);
  assert.equal(store.newer, true);
  assert.equal(store.at(6), undefined);
  assert.equal(store.apply(event(10, "message", { author: ADA, text: "unseen" })).kind, "beyond");
});
