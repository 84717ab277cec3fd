// A server of topics in memory, as docs/wire.md has it, that fails when it is told to.

import { framesOf } from "./frames.mjs";

/** Where `place` leads in a log. @returns {{ seq: number, gap?: object }} */
function resolve({ epoch, head, events }, place) {
  const first = events[0]?.seq ?? head + 1;
  if (!place) return { seq: head };
  if (place === "earliest") return { seq: first - 1 };
  if (/^-\d+$/.test(place)) return { seq: Math.max(head + Number(place), first - 1) };
  const [, theirs, digits] = /^(.*)-(\d+)$/.exec(place) ?? [];
  const seq = Number(digits);
  if (theirs === epoch && seq <= head && seq >= first - 1) return { seq };
  const ours = theirs === epoch && seq <= head;
  const reason = theirs === undefined ? "malformed" : ours ? "trimmed" : "epoch";
  const gap = { requested: place, resumed_at: `${epoch}-${first - 1}`, lost: ours ? first - 1 - seq : null, reason };
  return { seq: first - 1, gap };
}

const HALVES = ["sse", "ndjson", "eventsource"];

/** One connection as the server sees it. `wire` carries frames: { send(frame), end(code), cut() }. */
class Connection {
  constructor(server, url, technique, wire) {
    this.server = server;
    this.wire = wire;
    this.url = url;
    this.technique = technique;
    this.left = server.limits.shift() ?? Infinity; // frames until it breaks
    this.cursors = new Map();
    this.many = url.pathname.endsWith("/events");
    this.names = this.many ? url.searchParams.getAll("topic") : [decodeURIComponent(url.pathname.split("/").pop())];
    this.frames = framesOf(technique, this.many ? null : this.names[0]);
    server.connections.add(this);
  }

  begin() {
    const text = this.url.searchParams.get("last_event_id") ?? "";
    const parts = text.split(",").length === this.names.length ? text.split(",") : this.names.map(() => text);
    const gaps = this.names.map((name, at) => this.follow(name, parts[at]));
    const resume = this.names.map((name, at) => gaps[at]?.requested ?? this.position(name));
    this.push(this.frames.open(this.names, resume, gaps.some(Boolean)));
    this.names.forEach((name, at) => gaps[at] && this.push(this.frames.gap(name, gaps[at], this.joint())));
    this.pump();
  }

  get alive() { return this.server.connections.has(this); }
  position(name) { return `${this.server.topic(name).epoch}-${this.cursors.get(name)}`; }
  joint() { return [...this.cursors.keys()].map((name) => this.position(name)).join(); }

  /** Read a topic from `place` on; the gap, if that can't be honoured. */
  follow(name, place) {
    const { seq, gap } = resolve(this.server.topic(name), place);
    this.cursors.set(name, seq);
    return gap;
  }

  pump() {
    for (const name of this.cursors.keys()) {
      for (const event of this.server.topic(name).events) {
        if (!this.alive) return;
        if (event.seq <= this.cursors.get(name)) continue;
        if (this.technique === "poll" && (this.events = (this.events ?? 0) + 1) > this.server.page) return;
        this.cursors.set(name, event.seq);
        this.push(this.frames.event(event, this.joint()));
      }
    }
  }

  push(frame) {
    if (!this.alive || frame === null) return;
    if (this.left <= 0) return this.break(frame);
    this.left -= 1;
    this.wire.send(frame);
  }

  /** The network fails; in the middle of `frame`, where a technique has such a thing. */
  break(frame = "") {
    if (!this.server.connections.delete(this)) return;
    if (this.server.tears && HALVES.includes(this.technique)) this.wire.send(frame.slice(0, frame.length / 2));
    this.wire.cut();
  }
  /** The server ends it. */
  finish(code) { if (this.server.connections.delete(this)) this.wire.end(code); }
  /** The client has gone. */
  leave() { this.server.connections.delete(this); }
}

export class Server {
  constructor(clock) {
    this.clock = clock;
    this.topics = new Map();
    this.connections = new Set();
    this.asked = []; // { url, technique } of every request
    this.limits = []; // after how many frames the next connections break
    this.refusals = []; // what the next requests meet: a status, { status, headers }, "network" or null
    this.tears = false;
    this.page = Infinity; // events of one poll's answer
    this.chunksOf = (bytes) => [bytes];
  }

  topic(name) {
    if (!this.topics.has(name)) this.topics.set(name, { name, epoch: `e${name}`, head: 0, events: [] });
    return this.topics.get(name);
  }

  append(name, data, type = "message") {
    const topic = this.topic(name);
    const time = new Date(this.clock.now()).toISOString();
    const seq = (topic.head += 1);
    topic.events.push({ id: `${topic.epoch}-${seq}`, topic: name, seq, type, data, time });
    for (const connection of [...this.connections]) connection.pump();
  }

  /** Forget the oldest events, so that `count` are kept. */
  trim(name, count) {
    const { events } = this.topic(name);
    events.splice(0, Math.max(0, events.length - count));
  }

  connect(url, technique, wire) { return new Connection(this, url, technique, wire); }

  /** What the next request meets; null: the usual. */
  ask(url, technique) {
    this.asked.push({ url, technique });
    const next = this.refusals.shift() ?? null;
    return typeof next === "number" ? { status: next, headers: {} } : next;
  }

  /** Break every connection. */
  cut() { for (const connection of [...this.connections]) connection.break(); }

  /** Say goodbye to everybody. */
  close(reason, reconnect, code = 1012) {
    for (const connection of [...this.connections]) {
      connection.push(connection.frames.close({ reason, reconnect }));
      connection.finish(code);
    }
  }

  /** An operator tells everybody something. */
  notice(text) { for (const connection of [...this.connections]) connection.push(connection.frames.notice({ text })); }

  heartbeat() { for (const connection of [...this.connections]) connection.push(connection.frames.heartbeat()); }
}
