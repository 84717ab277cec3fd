// The query that a form becomes, its line for a shell, and moments between a picker and the server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hoursAgo, localValue, utcOf } from "../../static/streams/js/reports/moments.js";
import { curlLine, queryOf, shellWord, writeQuery } from "../../static/streams/js/reports/query.js";

const PRESET = ["seq", "time"];
const FORM = [["kind", "events"], ["topic", "room:lobby"], ["type", ""], ["from", ""], ["columns", "seq"], ["columns", "time"], ["format", "csv"]];
const written = (fields) => writeQuery(queryOf(fields, PRESET));

test("what the server takes anyway is left out", () => {
  assert.equal(written(FORM), "?topic=room:lobby");
  assert.equal(written([["kind", "generations"], ["columns", "seq"], ["columns", "time"]]), "?kind=generations");
});

test("a choice of columns is one parameter, in its order", () => {
  assert.equal(written([["topic", "a"], ["columns", "time"], ["columns", "seq"]]), "?topic=a&columns=time,seq");
});

test("NDJSON has no byte order mark", () => {
  assert.equal(written([...FORM, ["bom", "1"]]), "?topic=room:lobby&bom=1");
  assert.equal(written([["topic", "a"], ["columns", "seq"], ["columns", "time"], ["format", "ndjson"], ["bom", "1"]]), "?topic=a&format=ndjson");
});

test("a line for a shell is one word, whatever is typed", () => {
  const query = queryOf([["topic", "it's; rm -rf $HOME & x"], ["columns", "seq"], ["columns", "time"]], PRESET);
  assert.equal(curlLine("http://site.test/report", query), "curl -fOJ 'http://site.test/report?topic=it%27s%3B+rm+-rf+%24HOME+%26+x'");
  assert.equal(shellWord("it's"), "'it'\\''s'");
});

test("a picker's moment is told in UTC, and shown in the time of the browser", () => {
  const moment = new Date(2026, 10, 23, 4, 43);
  assert.equal(localValue(moment), "2026-11-23T04:43");
  assert.equal(utcOf("2026-11-23T04:43"), moment.toISOString().replace(".000Z", "Z"));
  assert.equal(utcOf(""), "");
  assert.equal(utcOf("never"), "");
  assert.equal(hoursAgo(moment.getTime(), "1"), "2026-11-23T03:43");
  assert.equal(hoursAgo(moment.getTime(), ""), "");
});
