// Ids, joint positions, and the URL that they stand in.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readPlace } from "../../static/streams/js/place.js";
import { distance, epochOf, isAfter, seqOf } from "../../static/streams/js/position.js";
import { createPositions } from "../../static/streams/js/positions.js";
import { utf8Length } from "../../static/streams/js/utf8.js";

test("ids of one log are compared by number, those of two logs not at all", () => {
  assert.deepEqual([seqOf("e-41"), seqOf("e-"), seqOf(""), seqOf("earliest"), epochOf("a-b-7")], [41, null, null, null, "a-b"]);
  assert.deepEqual([distance("e-9", "e-10"), distance("e-9", "f-10"), distance("", "e-1"), distance("-5", "e-1")], [1, null, null, null]);
  assert.deepEqual([isAfter("e-10", "e-9"), isAfter("e-9", "e-9"), isAfter("e-9", "e-10"), isAfter("f-1", "e-9")], [true, false, false, true]);
  assert.ok(isAfter("e-1", "") && isAfter("e-1", null) && isAfter("e-1", "earliest"));
});

test("a joint position is its parts in the order of the topics", () => {
  const positions = createPositions(["b", "a"], "eb-1,ea-2");
  assert.deepEqual([positions.of("a"), positions.of("b"), positions.of("c")], ["ea-2", "eb-1", undefined]);
  assert.ok(positions.take("a", "ea-3"));
  assert.ok(!positions.take("a", "ea-3"));
  assert.ok(!positions.take("c", "ec-1"));
  assert.equal(positions.joint, "eb-1,ea-3");
  positions.jump("b", "new-0");
  assert.equal(positions.joint, "new-0,ea-3");
  positions.adopt("x-1,y-2");
  positions.adopt("not for these topics");
  positions.adopt("");
  assert.equal(positions.joint, "x-1,y-2");
});

test("what is said once is meant for each topic, if it can be", () => {
  const joint = (from, topics = ["a", "b"]) => createPositions(topics, from).joint;
  assert.deepEqual(["", "earliest", "-5", "7", "e-1", "e-1,e-2,e-3"].map((from) => joint(from)),
    ["", "earliest,earliest", "-5,-5", "-,-", "-,-", "-,-"]);
  assert.deepEqual(["", "earliest", "-5", "7", "a,b"].map((from) => joint(from, ["a"])), ["", "earliest", "-5", "7", "a,b"]);
});

test("covering is standing at least there, in every topic of the same log", () => {
  const positions = createPositions(["a", "b"], "e-5,f-5");
  const covered = ["e-5,f-5", "e-4,f-5", "e-6,f-5", "x-1,f-5", "e-5", "", "e-1,f-1,g-1"].map(positions.covers);
  assert.deepEqual(covered, [true, true, false, false, false, false, false]);
});

test("a reader that is not told its topic's name takes whatever comes", () => {
  const positions = createPositions([""], "e-1");
  assert.ok(positions.take("room:lobby", "e-2"));
  assert.equal(positions.joint, "e-2");
});

test("a URL names its topics by path or by query, and a position in it is where to begin", () => {
  const read = (url) => readPlace(url);
  const about = ({ topics, many, from }) => [topics, many, from];
  assert.deepEqual(about(read("http://site.test/events/room:a%20b")), [["room:a b"], false, ""]);
  assert.deepEqual(about(read("http://site.test/events/events")), [["events"], false, ""]);
  assert.deepEqual(about(read("http://site.test/sub/events?topic=a&topic=b&last_event_id=-5")), [["a", "b"], true, "-5"]);
  assert.deepEqual(about(read("http://site.test/events")), [[], true, ""]);
  assert.deepEqual(about(read("http://site.test/ws/rooms/lobby")), [[""], false, ""]);
  assert.equal(read("http://site.test/events/a?last_event_id=-5").address("e-7", { timeout: "0" }),
    "http://site.test/events/a?timeout=0&last_event_id=e-7");
  assert.equal(read("http://site.test/events/a").address(""), "http://site.test/events/a");
});

test("a socket's URL follows the topics that are read", () => {
  const one = readPlace("https://site.test/sub/events/a?x=1");
  assert.equal(one.socketAddress(["a"], "e-1"), "wss://site.test/sub/events/a?x=1&last_event_id=e-1");
  assert.equal(one.socketAddress(["a", "b"], "e-1,f-1"), "wss://site.test/sub/events?x=1&topic=a&topic=b&last_event_id=e-1%2Cf-1");
  assert.equal(one.socketAddress([], ""), "wss://site.test/sub/events?x=1");
  assert.equal(readPlace("ws://site.test/events").socketAddress(["c"], ""), "ws://site.test/events?topic=c");
});

test("a relative URL is the page's", () => {
  globalThis.location = { href: "https://site.test/topics/a" };
  assert.equal(readPlace("/events/a").address(""), "https://site.test/events/a");
  delete globalThis.location;
  assert.throws(() => readPlace("/events/a"), TypeError);
});

test("bytes are counted as UTF-8 has them", () => {
  assert.deepEqual(["", "abc", "é", "€", "🌊", "a\0"].map(utf8Length), [0, 3, 2, 3, 4, 2]);
});
