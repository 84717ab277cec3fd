// Lines of NDJSON over any split into chunks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TooLarge } from "../../static/streams/js/failures.js";
import { createLineSplitter } from "../../static/streams/js/lines.js";
import { bytesOf, SEED, splits } from "./splits.mjs";

const encoder = new TextEncoder();

function split(chunks, options) {
  const lines = [];
  const splitter = createLineSplitter((line) => lines.push(line), options);
  for (const chunk of chunks) splitter.feed(chunk);
  return lines;
}

const CASES = {
  "lines": ["a\nb\n", ["a", "b"]],
  "blank lines are heartbeats": ["\n\na\n\n\r\n\nb\n\n", ["a", "b"]],
  "CRLF": ["a\r\nb\r\n", ["a", "b"]],
  "a CR inside is a character": ["a\rb\n", ["a\rb"]],
  "the end without a line end is dropped": ["a\nb", ["a"]],
  "an empty stream": ["", []],
  "other line ends of Unicode are characters": ["a\u2028b\u0085c\u000bd\n", ["a\u2028b\u0085c\u000bd"]],
  "characters of two, three and four bytes": ["é€🌊\n{}\n", ["é€🌊", "{}"]],
};

for (const [name, [stream, lines]] of Object.entries(CASES)) {
  test(`over any split: ${name}`, () => {
    for (const chunks of splits(encoder.encode(stream), SEED)) assert.deepEqual(split(chunks), lines, `SEED=${SEED}`);
  });
}

test("malformed UTF-8 spoils its own line only", () => {
  for (const chunks of splits(bytesOf("a\xf0\x9f\nb\n"), SEED)) assert.deepEqual(split(chunks), ["a\ufffd", "b"]);
});

test("a line is bounded, however it is split, and not a byte sooner", () => {
  for (const chunks of splits(bytesOf("12345678901\n"), SEED)) {
    assert.throws(() => split(chunks, { maxBufferedBytes: 10 }), TooLarge);
    assert.deepEqual(split(chunks, { maxBufferedBytes: 11 }), ["12345678901"]);
  }
});

test("a piece is kept by itself, not with the chunk that it came in", () => {
  const lines = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  const chunk = bytesOf("half");
  splitter.feed(chunk);
  chunk.fill(0);
  splitter.feed(bytesOf(" whole\n"));
  assert.deepEqual(lines, ["half whole"]);
});
