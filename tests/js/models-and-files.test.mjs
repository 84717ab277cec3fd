// Which model answers, and which files go with a message, in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chipWords, nameIn, refusalOf, unreadable } from "../../static/streams/js/chat/attachment-rules.js";
import { optionsOf, reasonOf, standing } from "../../static/streams/js/chat/model-rules.js";
import { limitLine, rowsOf } from "../../static/streams/js/chat/spend-words.js";

const LISTING = {
  models: [
    { id: "a", name: "Claude A", retires_at: null, price: { input_usd: 3, output_usd: 15, since: "2026-11-23" } },
    { id: "b", name: "Claude B", retires_at: "2026-11-30", price: null },
  ],
  default: "a",
  source: "api",
  as_of: "2026-11-23T00:00:00+00:00",
};
const LIMITS = { files: 2, image_bytes: 5_000_000, text_chars: 100_000 };

test("what the room answers with comes first and is said by saying nothing", () => {
  assert.deepEqual(optionsOf(LISTING, ""), [
    { value: "", text: "Claude A (the usual)" },
    { value: "b", text: "Claude B · until 30 Nov 2026" },
  ]);
  assert.deepEqual(optionsOf(LISTING, "b"), [
    { value: "", text: "Claude B (this room's)" },
    { value: "a", text: "Claude A · $3 in, $15 out" },
  ]);
  assert.equal(optionsOf(LISTING, "gone")[0].text, "gone (this room's)");
});

test("a list that is not the vendor's says so, and a choice that it lacks is dropped", () => {
  assert.equal(reasonOf(LISTING), null);
  assert.match(reasonOf({ ...LISTING, source: "shipped" }), /These are those of 23 Nov 2026/);
  assert.equal(standing(LISTING, "b"), "b");
  assert.equal(standing(LISTING, "gone"), "");
});

test("a file is refused with its size and the limit before a byte of it is sent", () => {
  assert.equal(refusalOf({ name: "a.png", size: 5_000_000, type: "image/png" }, 0, LIMITS), null);
  assert.equal(
    refusalOf({ name: "a.png", size: 5_200_000, type: "image/png" }, 0, LIMITS),
    "a.png has 5.2 MB; an image that a model reads has 5.0 MB at most.",
  );
  assert.match(refusalOf({ name: "a.log", size: 400_001, type: "" }, 0, LIMITS), /a text that a model reads has 400 kB at most/);
  assert.match(refusalOf({ name: "a.svg", size: 400_001, type: "image/svg+xml" }, 0, LIMITS), /a text/);
  assert.match(refusalOf({ name: "a", size: 1, type: "" }, 2, LIMITS), /2 files can go/);
  assert.match(refusalOf({ name: "a", size: 0, type: "" }, 0, LIMITS), /empty/);
});

test("a chip says how far its file is, and which name it was given", () => {
  assert.equal(chipWords({ name: "sending", sent: 500 }, 1_000), "50 %");
  assert.equal(chipWords({ name: "failed", sent: 0, words: "no room" }, 1_000), "no room");
  assert.equal(chipWords({ name: "done", sent: 1_000 }, 1_000), "1.0 kB");
  assert.equal(nameIn("/files/na%C3%AFve%20(2).txt"), "naïve (2).txt");
});

test("what no model reads is known by how it begins", () => {
  const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  for (const text of ["plain", "na\xc3\xafve", "\x89PNG\r\n\x1a\n\0", "\xff\xd8\xff\0", "GIF89a\0", "RIFF\0\n\0\0WEBPVP8 "]) {
    assert.equal(unreadable("it", bytes(text)), null, text);
  }
  for (const text of ["%PDF-1.7", "PK\x03\x04\0", "RIFF\0\0\0\0WAVE"]) assert.match(unreadable("it", bytes(text)), /neither text nor an image/);
});

test("what a room costs is a row for each person, and one for all", () => {
  const sums = { answers: 2, input_tokens: 1_200, output_tokens: 30, spend_usd: 0.5, unpriced: 0 };
  assert.deepEqual(rowsOf({ ...sums, answers: 0, people: [] }), []);
  assert.deepEqual(rowsOf({ ...sums, unpriced: 1, people: [{ ...sums, id: "u:1", name: "Ann" }] }), [
    ["Ann", "2", "1,200", "30", "$0.50"],
    ["All", "2", "1,200", "30", "$0.50 and 1 without a price"],
  ]);
  const limit = { whom: "a day for this room", usd: 5, spent_usd: 4, reserved_usd: 0, until: "2026-11-27T00:00:00+00:00" };
  assert.equal(limitLine(limit, () => "tomorrow"), "$4.00 of $5.00 a day for this room are spent; it begins anew tomorrow.");
  const open = limitLine({ ...limit, reserved_usd: 0.25 }, () => "tomorrow");
  assert.equal(open, "$4.00 of $5.00 a day for this room are spent, $0.25 reserved for answers that are being written; it begins anew tomorrow.");
});
