// Jobs on the page: what events make of them, how fast they are, and what is said.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRate } from "../../static/streams/js/jobs/rate.js";
import { createStore, moves } from "../../static/streams/js/jobs/store.js";
import { leftWords, paramsOf, progressWords, rateWords, resultOf, spoken, tookWords } from "../../static/streams/js/jobs/words.js";

const JOB = {
  id: "7", kind: "import", title: "Import a file", params: {}, status: "running", done: 0, total: null, result: null, error: null,
  cancelling: false, attempts: 1, topic: "job:7", url: "/jobs/7", created_at: "2026-11-23T04:43:00.000Z", started_at: null, ended_at: null,
};
const at = (second) => `2026-11-23T04:43:${String(second).padStart(2, "0")}.000Z`;
const told = (type, data, second, topic = "job:7") => ({ id: "e-1", topic, type, data, time: at(second) });
const changed = (job, second) => told("job.changed", { ...JOB, ...job }, second, "jobs:u:1");
const progress = (done, second) => told("job.progress", { done, total: 9, result: { n: done } }, second);
const END = { done: true, count: 9, total: 9, result: "x", status: "done", error: null };

test("progress and the end change a job", () => {
  const store = createStore([JOB]);
  assert.equal(store.take(progress(4, 1)).done, 4);
  const job = store.take(told("job.end", END, 2));
  assert.deepEqual([job.done, job.total, job.status, job.result, moves(job)], [9, 9, "done", "x", false]);
});

test("a job that is new comes from the topic of its owner, newest first", () => {
  const store = createStore([JOB]);
  store.take(changed({ id: "8", status: "queued", created_at: at(30) }, 30));
  assert.deepEqual(store.jobs.map(({ id }) => id), ["8", "7"]);
  assert.equal(store.take(progress(1, 31)).id, "7");
  assert.equal(store.take({ ...progress(1, 31), topic: "job:99" }), null);
});

test("what is older than what is known is passed over, whichever topic brings it", () => {
  const store = createStore([JOB]);
  store.take(changed({ status: "queued", done: 4 }, 20)); // tried again
  assert.equal(store.take(told("job.end", END, 10)), null);
  assert.equal(store.take(progress(3, 9)), null);
  assert.deepEqual([store.jobs[0].status, store.jobs[0].done], ["queued", 4]);
});

test("an answer that comes behind the events of what was asked is older than they are", () => {
  const store = createStore([{ ...JOB, status: "cancelled" }]);
  const seen = store.seen("7");
  store.take(told("job.started", { done: 0, total: null, result: null, status: "running" }, 3));
  assert.equal(store.put({ ...JOB, status: "queued" }, seen), null);
  assert.equal(store.jobs[0].status, "running");
  assert.equal(store.put({ ...JOB, cancelling: true }, store.seen("7")).cancelling, true);
  assert.equal(store.put({ ...JOB, id: "8" }, store.seen()).id, "8");
});

test("in every order in which two topics may come the job ends the same", () => {
  const own = [told("job.queued", { done: 0, total: null, result: null, status: "queued" }, 1), progress(3, 3), progress(9, 5), told("job.end", END, 6)];
  const owners = [changed({ status: "queued" }, 1), changed({ status: "running" }, 2), changed({ status: "done", done: 9, total: 9, result: "x", ended_at: at(6) }, 6)];
  for (let cut = 0; cut <= own.length; cut += 1) {
    const store = createStore([]);
    for (const envelope of [owners[0], ...own.slice(0, cut), ...owners.slice(1), ...own.slice(cut)]) store.take(envelope);
    const [{ status, done, total, result }] = store.jobs;
    assert.deepEqual([status, done, total, result], ["done", 9, 9, "x"]);
  }
});

test("the pace is that of the last seconds, and nobody knows one at first", () => {
  const rate = createRate();
  rate.add(0, 0);
  assert.deepEqual(rate.figures(100, 100), { per_s: null, left_s: null });
  for (let second = 1; second <= 20; second += 1) rate.add(second * 10, second * 1_000);
  assert.deepEqual(rate.figures(300, 20_000), { per_s: 10, left_s: 10 });
  assert.deepEqual(rate.figures(null, 20_000), { per_s: 10, left_s: null });
  const { per_s, left_s } = rate.figures(300, 30_000); // it stands still
  assert.ok(per_s < 6 && left_s > 17);
  rate.add(5, 31_000); // it began again
  assert.equal(rate.figures(300, 31_100).per_s, null);
});

test("numbers and times are said as people say them", () => {
  assert.equal(progressWords({ ...JOB, done: 1_234, total: 5_000 }), `${(1_234).toLocaleString()} of ${(5_000).toLocaleString()}`);
  assert.equal(progressWords({ ...JOB, done: 3 }), "3");
  assert.deepEqual([progressWords(JOB), progressWords({ ...JOB, status: "queued" })], ["", "waits for its turn"]);
  assert.deepEqual([rateWords(0.25), rateWords(12.4)], ["0.3/s", "12/s"]);
  assert.deepEqual([0.4, 12.1, 300, 7_300, 200_000].map(leftWords), ["almost there", "13 s left", "5 min left", "2 h left", "2 days left"]);
  assert.equal(tookWords(at(1), at(5)), "took 4.0 s");
  assert.equal(tookWords("2026-11-23T04:43:00.000Z", "2026-11-23T04:43:00.040Z"), "took 40 ms");
});

test("parameters are shown unless they are what they would be anyway", () => {
  const job = { ...JOB, params: { file: "a.csv", type: "message", speed: 2, note: null, loud: false } };
  assert.deepEqual(paramsOf(job, { import: { type: "message", speed: 1, loud: false } }), [["file", "a.csv"], ["speed", "2"]]);
  assert.equal(paramsOf(job, {}).length, 4);
});

test("a result is a link only to a path of this site, and the rest is told by its names", () => {
  const of = (result) => resultOf({ ...JOB, result });
  assert.deepEqual(of({ url: "/files/a%20b", text: "a b", bytes: 7 }), { link: { url: "/files/a%20b", text: "a b" }, facts: [["bytes", "7"]] });
  for (const url of ["//evil.test/", "https://evil.test/", "javascript:alert(1)", 7]) assert.equal(of({ url }).link, null);
  assert.deepEqual(of("whole").facts, [["", "whole"]]);
  assert.deepEqual(of(null), { link: null, facts: [] });
});

test("an end is said with its reason", () => {
  assert.equal(spoken({ ...JOB, status: "done" }), "Import a file: done");
  assert.equal(spoken({ ...JOB, status: "failed", error: { message: "line 3 is none" } }), "Import a file: failed, line 3 is none");
});
