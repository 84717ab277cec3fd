// What people do in a room, before it becomes elements: mentions, typing, reactions, searching, keys, what was read.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hueOf } from "../../static/streams/js/chat/avatar.js";
import { readEmoji } from "../../static/streams/js/chat/emoji-picker.js";
import { fitting, mentionAt, withName } from "../../static/streams/js/chat/mention-rules.js";
import { nextInMenu } from "../../static/streams/js/chat/menu.js";
import { whenMuteEnds } from "../../static/streams/js/chat/mute.js";
import { firstWords, isOnlyEmoji, nameList, quoteOf, sizeOf } from "../../static/streams/js/chat/message-words.js";
import { placeBeside } from "../../static/streams/js/chat/popover.js";
import { tokenize } from "../../static/streams/js/chat/rich-text.js";
import { groupRooms, readRooms, unreadWords } from "../../static/streams/js/chat/room-list.js";
import { foundLine, partsOf, readFound } from "../../static/streams/js/chat/search-words.js";
import { meaningOf } from "../../static/streams/js/chat/shortcuts.js";
import { createTypingSignal, createTypists, typingLine } from "../../static/streams/js/chat/typing.js";
import { createReadSignal } from "../../static/streams/js/chat/unread.js";
import { candidates } from "../../static/streams/js/chat/writing.js";
import { createClock, settle } from "./fakes/clock.mjs";

const ADA = { id: "u:1", name: "Ada" };
const FOX = { id: "g:2", name: "Amber Fox" };
const ODD = { id: "u:3", name: "c++|(x" };

test("only those whom the server found are mentioned, the longest name first, and Claude always", () => {
  const text = "@Amber Fox, @ada! mail@ada.org @nobody `@Ada` @c++|(x @claude";
  const found = tokenize(text, [ADA, FOX, ODD]);
  assert.equal(found.map((token) => (token.kind === "code" ? `\`${token.text}\`` : token.text)).join(""), text);
  assert.deepEqual(found.filter(({ kind }) => kind === "mention").map((token) => [token.text, token.person]), [
    ["@Amber Fox", "g:2"], ["@ada", "u:1"], ["@c++|(x", "u:3"], ["@claude", undefined],
  ]);
});

test("who may be meant: the model, who is here, and who has spoken, the latest first and each once", () => {
  const said = (author) => ({ kind: "message", author });
  const found = candidates("Claude", [ADA], [said(FOX), said(ODD), said(ADA), said(FOX), { kind: "generation" }]);
  assert.deepEqual(found.map(({ id }) => id), ["claude", "u:1", "g:2", "u:3"]);
});

test("people who came one after the other have faces of different colours", () => {
  const hues = Array.from({ length: 12 }, (_, n) => hueOf(`u:${n + 1}`));
  assert.ok(new Set(hues.map((hue) => Math.floor(hue / 30))).size >= 6, hues.join(" "));
});

test("code between fences is one block, whatever is in it, and open fences are text", () => {
  const kinds = (text) => tokenize(text, [ADA]).map(({ kind, text: words }) => [kind, words]);
  assert.deepEqual(kinds("look:\n```py\n@Ada `x`\n\nhttps://a.example\n```\nthere"), [
    ["text", "look:\n"], ["block", "@Ada `x`\n\nhttps://a.example"], ["text", "there"],
  ]);
  assert.deepEqual(kinds("```\none```"), [["block", "one"]]);
  for (const text of ["```\nnever closed", "a ```\nb\n``` c", "```\n```"]) {
    assert.ok(kinds(text).every(([kind]) => kind !== "block"), text);
  }
});

test("a mention is begun at the caret and nowhere else, and may have a space in it", () => {
  assert.deepEqual(mentionAt("hello @am", 9), { start: 6, query: "am" });
  assert.deepEqual(mentionAt("@Amber F", 8), { start: 0, query: "Amber F" });
  assert.deepEqual(mentionAt("hello @", 7), { start: 6, query: "" });
  for (const text of ["mail@am", "hello", "@@am", "a line\n"]) assert.equal(mentionAt(text, text.length), null, text);
  assert.deepEqual(fitting([FOX, ADA, ODD], "a"), [FOX, ADA]);
  assert.deepEqual(fitting([FOX, ADA], "fox"), [FOX]);
  assert.deepEqual(withName("hello @am, you", 6, 9, "Amber Fox"), { text: "hello @Amber Fox , you", caret: 17 });
  assert.deepEqual(withName("@am you", 0, 3, "Amber Fox"), { text: "@Amber Fox you", caret: 11 });
});

test("who types is told, and forgotten when nothing more is heard or it is said", async () => {
  const clock = createClock();
  let line = "";
  const typists = createTypists({ clock, onChange: (people) => (line = typingLine(people)) });
  typists.heard(ADA);
  assert.equal(line, "Ada is typing…");
  typists.heard(FOX);
  typists.heard(ODD);
  assert.equal(line, "Ada and 2 others are typing…");
  typists.forget("u:3");
  assert.equal(line, "Ada and Amber Fox are typing…");
  await clock.advance(3_000);
  typists.heard(FOX);
  await clock.advance(3_000);
  assert.equal(line, "Amber Fox is typing…");
  await clock.advance(3_000);
  assert.equal(line, "");
});

test("the server is told of typing at most each three seconds", async () => {
  const clock = createClock();
  let sent = 0;
  const signal = createTypingSignal({ clock, send: () => (sent += 1) });
  for (let letter = 0; letter < 40; letter += 1) {
    signal.wrote();
    await clock.advance(100);
  }
  assert.equal(sent, 2);
  signal.done();
  signal.wrote();
  assert.equal(sent, 3);
});

test("what was read is told seldom, once each, and again when it could not be told", async () => {
  const clock = createClock();
  const told = [];
  let works = true;
  const signal = createReadSignal({ clock, from: 10, send: async (seq) => (works ? told.push(seq) : Promise.reject(new Error("lost"))) });
  for (const seq of [9, 10, 11, 12, 13]) signal.seen(seq);
  await clock.advance(5_000);
  assert.deepEqual(told, [11, 13]);
  works = false;
  signal.seen(14);
  await settle();
  works = true;
  signal.again();
  await clock.advance(5_000);
  assert.deepEqual(told, [11, 13, 14]);
});

test("names, quotes, sizes and emoji are worded", () => {
  assert.equal(nameList([ADA, FOX], "u:1"), "Amber Fox and you");
  assert.equal(nameList(Array.from({ length: 20 }, (_, at) => ({ id: `${at}`, name: `P${at}` })), undefined, 3), "P0, P1 and 18 others");
  assert.equal(firstWords("  a\n\n b ", 9), "a b");
  assert.equal(firstWords("🌊".repeat(9), 3), "🌊🌊…");
  assert.deepEqual(quoteOf(undefined), { who: "", text: "An earlier message" });
  assert.deepEqual([sizeOf(999), sizeOf(1_500), sizeOf(25_000_000)], ["999 B", "1.5 KB", "25 MB"]);
  assert.deepEqual(["👍🏽", "❤️ 🎉", "👨‍👩‍👧"].map(isOnlyEmoji), [true, true, true]);
  assert.deepEqual(["a 👍", "12", "", "👍👍👍👍"].map(isOnlyEmoji), [false, false, false, false]);
  assert.deepEqual([" 🚀 ", "🇩🇪", "7️⃣", "ok", "👍 👍", "🚀".repeat(9), "7"].map(readEmoji), ["🚀", "🇩🇪", "7️⃣", null, null, null, null]);
});

test("a snippet is taken apart and shown as text", () => {
  assert.deepEqual(partsOf("a &lt;b&gt; <mark>x &amp; y</mark> &amp;lt;"), [
    { text: "a <b> ", marked: false }, { text: "x & y", marked: true }, { text: " &lt;", marked: false },
  ]);
  const { found, older } = readFound({ results: [{ seq: 7, author: { name: "Ada" }, snippet: "x" }, {}, null], older: 3 });
  assert.deepEqual([found.map(({ seq, who }) => [seq, who]), older, readFound(null)], [[[7, "Ada"]], 3, { found: [], older: null }]);
  assert.deepEqual([foundLine(0, false, "x"), foundLine(2, true, "x")], ["Nothing here has “x” in it.", "2 places, and maybe earlier ones"]);
  assert.deepEqual(partsOf("<img src=x>"), [{ text: "<img src=x>", marked: false }]);
});

test("rooms are grouped, and what is unread is said", () => {
  const rooms = readRooms({ rooms: [{ slug: "a", kind: "direct", unread: 3, mentions: 1 }, { slug: "b", title: "B" }, null, {}] });
  assert.deepEqual(groupRooms(rooms).map(({ heading, rooms: list }) => [heading, list.map(({ slug }) => slug)]), [["", ["b"]], ["Direct messages", ["a"]]]);
  assert.deepEqual(rooms.map(unreadWords), ["3 unread, 1 of them mention you", ""]);
  assert.deepEqual(readRooms(null), []);
});

test("keys mean something only while one does not write", () => {
  const press = (key, more = {}) => meaningOf({ key, ctrl: false, alt: false, writing: false, within: false, ...more });
  assert.deepEqual([press("/"), press("?"), press("j"), press("End"), press("e"), press("c")], ["search", "help", "next", "newest", "edit", "write"]);
  assert.deepEqual([press("r"), press("r", { within: true }), press("ArrowUp", { within: true })], [null, "reply", "previous"]);
  assert.deepEqual([press("k", { ctrl: true, writing: true }), press("/", { writing: true }), press("j", { ctrl: true }), press("j", { alt: true })], ["search", null, null, null]);
});

test("a menu is gone through by arrows and letters, and placed inside the page", () => {
  const labels = ["Edit", "Copy text", "Copy link", "Delete…"];
  assert.deepEqual(["ArrowDown", "ArrowUp", "Home", "End", "c", "x", "Shift"].map((key) => nextInMenu(key, 1, labels)), [2, 0, 0, 3, 2, null, null]);
  const phone = { width: 320, height: 600 };
  assert.deepEqual(placeBeside({ left: 280, right: 310, top: 20, bottom: 50 }, { width: 200, height: 100 }, phone), { left: 110, top: 56 });
  assert.deepEqual(placeBeside({ left: 0, right: 30, top: 560, bottom: 590 }, { width: 200, height: 100 }, phone), { left: 8, top: 454 });
});

test("a mute that has passed is noticed once, however long it was, and one that is none never", async () => {
  const clock = createClock();
  const until = (/** @type {number} */ ms) => new Date(clock.now() + ms).toISOString();
  const over = [];
  whenMuteEnds(until(90_000), clock, () => over.push("short"));
  whenMuteEnds(until(60 * 86_400_000), clock, () => over.push("long"));
  for (const none of [undefined, null, "", "nonsense", until(-5_000)]) whenMuteEnds(none, clock, () => over.push("none"));
  await clock.advance(90_000);
  assert.deepEqual(over, []);
  await clock.advance(1_000);
  assert.deepEqual(over, ["short"]);
  await clock.advance(59 * 86_400_000);
  assert.deepEqual(over, ["short"]);
  await clock.advance(86_400_000);
  assert.deepEqual(over, ["short", "long"]);
});
