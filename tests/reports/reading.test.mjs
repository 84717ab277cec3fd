// A report as it comes: rows counted over any split, the first rows and no more, a file that is whole or given up.

import assert from "node:assert/strict";
import { test } from "node:test";

import { save, tellProgress } from "../../static/streams/js/reports/download.js";
import { firstRows, Refusal } from "../../static/streams/js/reports/preview.js";
import { createRowCount } from "../../static/streams/js/reports/row-count.js";

const encode = (text) => new TextEncoder().encode(text);
const CSV = 'a,b\r\n1,"one\r\ntwo ""x"""\r\n2,"grün"\r\ntotal: 2,\r\n';
const NDJSON = '{"a":1}\n{"a":2}\n{"a":3}\n{"done":true,"total":3}\n';
const signal = new AbortController().signal;

/** An answer in pieces; `error`: what it breaks off with. */
function answering(pieces, { status = 200, error = null } = {}) {
  const state = { cancelled: false, asked: 0 };
  const fetch = async (_, { signal: theirs }) => {
    const left = [...pieces];
    const body = new ReadableStream({
      pull(controller) {
        state.asked += 1;
        if (left.length) controller.enqueue(encode(left.shift()));
        else if (error) controller.error(error);
        else controller.close();
      },
    }, { highWaterMark: 0 });
    theirs?.addEventListener("abort", () => (state.cancelled = true));
    return { ok: status === 200, status, body, json: async () => JSON.parse(pieces.join("")) };
  };
  return { fetch, state };
}

function createFile() {
  const file = { bytes: "", closed: false, aborted: null };
  const stream = new WritableStream({
    write: (chunk) => void (file.bytes += new TextDecoder().decode(chunk)),
    close: () => void (file.closed = true),
    abort: (reason) => void (file.aborted = reason),
  });
  return { file, stream };
}

test("rows are counted over any split, line ends within quotes are none", () => {
  for (let size = 1; size <= CSV.length; size += 1) {
    const count = createRowCount("csv");
    const bytes = encode(CSV);
    for (let at = 0; at < bytes.length; at += size) count.feed(bytes.subarray(at, at + size));
    assert.equal(count.rows(true), 2, `pieces of ${size}`);
  }
  const lines = createRowCount("ndjson");
  lines.feed(encode(NDJSON));
  assert.equal(lines.rows(true), 3);
  assert.equal(createRowCount("csv").rows(), 0);
});

test("the first rows are read, and the rest is let go", async () => {
  const { fetch, state } = answering(['{"a":1}\n{"a"', ':2}\n{"a":3}\n', '{"a":4}\n', '{"done":true,"total":4}\n']);
  assert.deepEqual(await firstRows("/report", 2, { fetch }, signal), { rows: [{ a: 1 }, { a: 2 }], total: null });
  assert.equal(state.cancelled, true);
  assert.equal(state.asked, 2);
});

test("a short report is told to be whole", async () => {
  const { fetch } = answering([NDJSON]);
  assert.deepEqual(await firstRows("/report", 8, { fetch }, signal), { rows: [{ a: 1 }, { a: 2 }, { a: 3 }], total: 3 });
  const none = answering(['{"done":true,"total":0}\n']);
  assert.deepEqual(await firstRows("/report", 8, none, signal), { rows: [], total: 0 });
});

test("what the server says against it is what the person reads", async () => {
  const { fetch } = answering(['{"error":{"message":"no kind"}}'], { status: 400 });
  await assert.rejects(firstRows("/report", 8, { fetch }, signal), (error) => error instanceof Refusal && error.message === "no kind");
  const silent = answering(["<html>"], { status: 502 });
  await assert.rejects(firstRows("/report", 8, silent, signal), /answered 502/);
});

test("a file is written as it comes, and closed at the end", async () => {
  const { fetch } = answering([CSV.slice(0, 9), CSV.slice(9)]);
  const { file, stream } = createFile();
  const told = [];
  let now_ms = 0;
  const options = { format: "csv", fetch, signal, onProgress: (progress) => told.push(progress), now: () => (now_ms += 250) };
  const whole = await save("/report", stream, options);
  assert.equal(file.bytes, CSV);
  assert.equal(file.closed, true);
  assert.deepEqual([whole.rows, whole.bytes], [2, encode(CSV).length]);
  assert.ok(told.length === 2 && told[0].rows <= told[1].rows);
});

test("a report that breaks off, or is refused, or is cancelled leaves no file", async () => {
  const options = { format: "csv", signal, onProgress: () => {} };
  for (const { fetch } of [answering([CSV.slice(0, 20)], { error: new TypeError("network") }), answering(["{}"], { status: 404 })]) {
    const { file, stream } = createFile();
    await assert.rejects(save("/report", stream, { ...options, fetch }));
    assert.equal(file.closed, false);
    assert.ok(file.aborted);
  }
  const controller = new AbortController();
  const { file, stream } = createFile();
  const { fetch } = answering([CSV, CSV, CSV]);
  await assert.rejects(save("/report", stream, { ...options, fetch, signal: controller.signal, onProgress: () => controller.abort() }));
  assert.ok(file.aborted);
});

test("progress is told in words", () => {
  assert.equal(tellProgress({ rows: 1, bytes: 0, seconds: 0 }), "1 row, 0 MB, 0 MB/s");
  assert.match(tellProgress({ rows: 1_234_567, bytes: 180e6, seconds: 3.4 }), /^1.234.567 rows, 180 MB, 53 MB\/s$/);
});
