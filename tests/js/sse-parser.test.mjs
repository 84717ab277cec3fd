// The parser of server-sent events against the table that the Python parser is held to as well.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { TooLarge } from "../../static/streams/js/failures.js";
import { createSseParser } from "../../static/streams/js/sse-parser.js";
import { bytesOf, SEED, splits } from "./splits.mjs";

const cases = JSON.parse(readFileSync(process.env.STREAMS_SSE_CASES ?? new URL("sse-cases.json", import.meta.url), "utf8"));

function parse(chunks, options) {
  const seen = { events: [], ids: [], retry_ms: null };
  const parser = createSseParser({
    onEvent: (event) => seen.events.push(event),
    onId: (id) => seen.ids.push(id),
    onRetry: (ms) => (seen.retry_ms = ms),
    ...options,
  });
  for (const chunk of chunks) parser.feed(chunk);
  return { ...seen, lastEventId: parser.lastEventId };
}

for (const { name, stream, events, lastEventId, retry_ms } of cases) {
  test(`over any split: ${name}`, () => {
    for (const chunks of splits(bytesOf(stream), SEED)) {
      const seen = parse(chunks);
      const how = `SEED=${SEED}, split into ${chunks.map((chunk) => chunk.length)}`;
      assert.deepEqual([seen.events, seen.lastEventId, seen.retry_ms], [events, lastEventId, retry_ms], how);
      assert.equal(seen.ids.at(-1) ?? "", lastEventId, how);
    }
  });
}

test("an id comes into force after its event, so that a reader which stops in between sees the event again", () => {
  const order = [];
  const parser = createSseParser({ onEvent: ({ data }) => order.push(data), onId: (id) => order.push(`id ${id}`) });
  parser.feed(bytesOf("id: 1\n\nid: 2\ndata: a\n\ndata: b\n\n"));
  assert.deepEqual(order, ["id 1", "a", "id 2", "b"]);
});

test("what is held is bounded, however it is split, and not a character sooner", () => {
  for (const [stream, held] of [["data: 12345", 11], ["data: 12345\n\n", 11], ["data: 1\ndata: 2\n\n", 9], [":2345678901", 11]]) {
    for (const chunks of splits(bytesOf(stream), SEED)) {
      assert.throws(() => parse(chunks, { maxBufferedChars: held - 1 }), TooLarge);
      parse(chunks, { maxBufferedChars: held });
    }
  }
});

test("an endless line costs its own length, not its square", () => {
  const parser = createSseParser({ onEvent: () => assert.fail() });
  const chunk = new Uint8Array(64).fill(120);
  for (let fed = 0; fed < 4 * 1024 * 1024; fed += chunk.length) parser.feed(chunk);
  assert.throws(() => parser.feed(chunk), TooLarge);
});
