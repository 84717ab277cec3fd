// docs/javascript.md tells all that there is, and how large it is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { createStream } from "../../static/streams/js/streams.js";

const ROOT = new URL("../../", import.meta.url);
const SOURCE = new URL("static/streams/js/", ROOT);
const read = (name) => readFileSync(new URL(name, SOURCE), "utf8");
const page = readFileSync(new URL("docs/javascript.md", ROOT), "utf8");
const WORDS = new Set([...page.replace(/```[^]*?```/g, "").matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code.match(/\w+/g) ?? []));

/** The modules that one imports, and those that they import. */
function modulesOf(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, other] of read(name).matchAll(/^import [^;]*? from "\.\/([^"]+)";$/gm)) modulesOf(other, found);
  return found;
}

test("every word of the interface and every option is told", () => {
  const told = Object.keys(createStream("http://site.test/events", { technique: "websocket", WebSocket: class {} }));
  const options = [...read("streams.js").matchAll(/^ \* @property \{.+\} \[(\w+)\]/gm)].map(([, name]) => name);
  assert.ok(told.length >= 18 && options.length >= 15);
  assert.deepEqual([...told, ...options].filter((name) => !WORDS.has(name)), []);
});

test("every state, and every reason that the clients give, is told", () => {
  const states = read("connection.js").match(/@property \{(.+)\} name$/m)[1].match(/\w+/g);
  const sources = ["failures.js", "websocket-technique.js"].map(read).join("\n");
  const reasons = [...sources.matchAll(/(?:reason: |\d{3,4}: |\? )"([a-z_]+)"/g)].map(([, reason]) => reason);
  assert.ok(states.length === 6 && reasons.length >= 15);
  assert.deepEqual([...states, ...reasons].filter((name) => !WORDS.has(name)), []);
});

test("it is as large as it is said to be", () => {
  const [, modules, size, packed] = page.match(/^(\d+) modules, (\d+) KB, .*; (\d+) KB compressed/m).map(Number);
  const [, few] = page.match(/alone it is (\d+) modules/).map(Number);
  const sources = [...modulesOf("streams.js")].map(read);
  const sum = (sizes) => sizes.reduce((one, other) => one + other, 0) / 1_000;
  assert.deepEqual([sources.length, modulesOf("websocket-stream.js").size], [modules, few]);
  const is = [sum(sources.map((text) => Buffer.byteLength(text))), sum(sources.map((text) => gzipSync(text).length))];
  for (const [real, said] of [[is[0], size], [is[1], packed]]) assert.ok(Math.abs(real - said) < said / 20, `${real} ${said}`);
});

test("modules are small, checked, and say what they are", () => {
  for (const name of modulesOf("streams.js")) {
    const text = read(name);
    assert.match(text, /^\/\/ @ts-check\n\/\/ /, name);
    assert.ok(text.split("\n").length <= 165, name);
  }
});
