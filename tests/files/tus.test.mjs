// One file on its way up: what the page's client does when all is well, and when it is not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createPace, sizeWords, spanWords } from "../../static/streams/js/files/pace.js";
import { createQueue } from "../../static/streams/js/files/queue.js";
import { createUpload } from "../../static/streams/js/files/tus.js";
import { stateWords } from "../../static/streams/js/files/upload-view.js";

const SIZE = 3_000_000;

/** A server that takes uploads; `faults`: what it answers instead, in turn (a status, or "cut" for no answer). */
function createServer({ faults = [], took_ms = 100 } = {}) {
  const uploads = new Map();
  const requests = [];
  let now = 0;
  const answer = (status, headers = {}, body = "") => new Response(status === 204 ? null : body, { status, headers });
  async function fetch(url, { method, headers, body, signal }) {
    signal.throwIfAborted();
    requests.push({ method, url, offset: headers["Upload-Offset"], size: body?.size, metadata: headers["Upload-Metadata"] });
    now += took_ms;
    const fault = faults.length && method !== "HEAD" ? faults.shift() : null;
    if (fault === "cut") throw new TypeError("network error");
    if (fault) return answer(fault, { "Content-Type": "application/json" }, JSON.stringify({ error: { message: `no: ${fault}` } }));
    if (method === "POST") {
      const path = `/uploads/${uploads.size + 1}`;
      uploads.set(path, { size: Number(headers["Upload-Length"]), at: 0 });
      return answer(201, { Location: path, "Upload-Offset": "0" });
    }
    const upload = uploads.get(url);
    if (!upload) return answer(404, {}, "{}");
    if (method === "DELETE") return uploads.delete(url), answer(204);
    if (method === "PATCH") {
      if (Number(headers["Upload-Offset"]) !== upload.at) return answer(409, {}, "{}");
      upload.at += body.size;
    }
    const done = upload.at === upload.size ? { "Streams-File": "/files/a" } : {};
    return answer(method === "HEAD" ? 200 : 204, { "Upload-Offset": String(upload.at), ...done });
  }
  return { fetch, requests, uploads, clock: createClock(() => now) };
}

/** Timers that run at once, and are counted. */
function createClock(now) {
  const waits = [];
  return { now, waits, setTimeout: (run, ms) => (waits.push(ms), setImmediate(run)), clearTimeout: clearImmediate };
}

/** Start an upload; settles when it says one of `until`. */
function run(server, { url = null, until = ["done", "failed"], size = SIZE } = {}) {
  const states = [];
  const urls = [];
  let settle = () => {};
  const settled = new Promise((resolve) => (settle = resolve));
  const upload = createUpload(Object.assign(new Blob([new Uint8Array(size)]), { name: "größe.bin" }), {
    endpoint: "/uploads/", url, fetch: server.fetch, clock: server.clock, random: () => 0.5,
    onUrl: (next) => urls.push(next),
    onState: (state) => (states.push(state), until.includes(state.name) && settle(state)),
  });
  upload.start();
  return { upload, states, urls, settled };
}

test("pieces grow while they are quick, and the end says where the file is", async () => {
  const server = createServer();
  const { settled, urls } = run(server);
  assert.deepEqual(await settled, { name: "done", sent: SIZE, url: "/files/a" });
  const sizes = server.requests.filter(({ method }) => method === "PATCH").map(({ size }) => size);
  assert.deepEqual(sizes, [262_144, 524_288, 1_048_576, SIZE - 1_835_008]);
  assert.deepEqual(urls, ["/uploads/1", null]);
  assert.equal(server.requests[0].metadata, "filename Z3LDtsOfZS5iaW4=");
});

test("pieces do not grow on a slow line", async () => {
  const server = createServer({ took_ms: 1_000 });
  await run(server).settled;
  assert.ok(server.requests.every(({ size = 0 }) => size <= 262_144));
});

test("after a cut the server is asked how far it came, and nothing is sent twice", async () => {
  const server = createServer({ faults: [null, null, "cut", 503, null, 423] });
  const { settled, states } = run(server);
  assert.equal((await settled).name, "done");
  const methods = server.requests.map(({ method }) => method).join(" ");
  assert.match(methods, /^POST PATCH PATCH HEAD PATCH HEAD PATCH PATCH HEAD PATCH/);
  assert.ok(states.some(({ name, words }) => name === "retrying" && words === "no: 503"));
  assert.equal([...server.uploads.values()][0].at, SIZE);
});

test("what is refused is told in the server's words, and not tried again by itself", async () => {
  const server = createServer({ faults: [413] });
  const { settled } = run(server);
  assert.deepEqual(await settled, { name: "failed", sent: 0, words: "no: 413" });
  assert.equal(server.requests.length, 1);
});

test("a server that stays away is given up at last, with pauses that grow", async () => {
  const server = createServer({ faults: Array(99).fill("cut") });
  const { settled, upload } = run(server);
  assert.equal((await settled).words, "The connection was lost.");
  const { waits } = server.clock;
  assert.equal(waits.length, 8);
  assert.ok(waits.every((wait, at) => !at || wait >= waits[at - 1]));
  assert.equal(upload.state, "failed");
});

test("an upload of before goes on where it stood; one that has expired begins anew", async () => {
  const server = createServer();
  server.uploads.set("/uploads/9", { size: SIZE, at: 2_000_000 });
  assert.equal((await run(server, { url: "/uploads/9" }).settled).name, "done");
  assert.deepEqual(server.requests.map(({ method, offset }) => [method, offset]).slice(0, 2), [["HEAD", undefined], ["PATCH", "2000000"]]);
  const { settled, urls } = run(server, { url: "/uploads/gone" });
  assert.equal((await settled).name, "done");
  assert.equal(urls[0], null);
});

test("a paused one sends nothing more until it is gone on with, and a cancelled one is given up", async () => {
  const server = createServer();
  const { upload, settled, states } = run(server);
  await new Promise((resolve) => setImmediate(resolve));
  upload.pause();
  const sent = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(server.requests.length <= sent);
  assert.equal(upload.state, "paused");
  upload.start();
  assert.equal((await settled).name, "done");
  const other = run(server);
  await new Promise((resolve) => setImmediate(resolve));
  await other.upload.cancel();
  assert.equal(other.states.at(-1).name, "cancelled");
  assert.equal(server.uploads.size, 1);
  assert.ok(states.length);
});

test("two at a time, the others wait for their turn", () => {
  const queue = createQueue();
  const made = Array.from({ length: 4 }, () => {
    const one = { state: "waiting", start: () => (one.state = "sending"), pause() {}, async cancel() {} };
    return one;
  });
  made.forEach(queue.add);
  assert.deepEqual(made.map(({ state }) => state), ["sending", "sending", "waiting", "waiting"]);
  made[0].state = "done";
  queue.next();
  assert.deepEqual(made.map(({ state }) => state), ["done", "sending", "sending", "waiting"]);
  queue.remove(made[1]);
  assert.equal(made[3].state, "sending");
  assert.equal(queue.unfinished, true);
});

test("speed and time left forget a pause", () => {
  let now = 0;
  const pace = createPace({ now: () => now });
  assert.equal(pace.perSecond, null);
  for (now = 0; now <= 4_000; now += 500) pace.add(now * 1_000);
  assert.equal(pace.perSecond, 1_000_000);
  assert.equal(pace.left(6_000_000), 2);
  const words = stateWords({ name: "sending", sent: 4_000_000 }, { size: 6_000_000, pace });
  assert.equal(words, "4.0 MB of 6.0 MB · 1.0 MB/s · 2 s left");
  pace.reset();
  assert.equal(pace.left(6_000_000), null);
});

test("sizes and spans as people say them", () => {
  assert.deepEqual([0, 999, 1_000, 99_449, 99_950, 999_499, 5e9, 2e15].map(sizeWords), [
    "0 B", "999 B", "1.0 kB", "99.4 kB", "100 kB", "999 kB", "5.0 GB", "2000 TB",
  ]);
  assert.deepEqual([0.2, 89, 90, 5_400].map(spanWords), ["1 s", "89 s", "2 min", "2 h"]);
});
