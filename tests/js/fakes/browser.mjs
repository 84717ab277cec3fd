// The browser's ways to a server in memory: fetch, EventSource and WebSocket.

import { createSseParser } from "../../../static/streams/js/sse-parser.js";

const encoder = new TextEncoder();
const TECHNIQUES = { "text/event-stream": "sse", "application/x-ndjson": "ndjson", "application/json": "poll" };

export function createFetch(server) {
  return async function fetch(address, { headers, signal }) {
    const technique = TECHNIQUES[headers.Accept];
    const url = new URL(address);
    const refusal = server.ask(url, technique);
    await null;
    signal.throwIfAborted();
    if (refusal === "network") throw new TypeError("Failed to fetch");
    if (refusal) return new Response(refusal.status === 204 ? null : "{}", refusal);
    const type = { headers: { "Content-Type": `${headers.Accept}; charset=utf-8` } };
    if (technique === "poll") return new Response(await answer(server, url, signal), type);
    const body = createBody(server.chunksOf, signal);
    const connection = server.connect(url, technique, body.wire);
    signal.addEventListener("abort", () => connection.leave());
    connection.begin();
    return new Response(body.stream, type);
  };
}

/** A body that is given on demand, so that what came before a cut is read before the cut is noticed. */
function createBody(chunksOf, signal) {
  const queue = [];
  let wake = () => {};
  const put = (item) => { queue.push(item); wake(); };
  const stream = new ReadableStream({
    async pull(controller) {
      while (!queue.length) await new Promise((resolve) => (wake = resolve));
      queue.shift()(controller);
    },
  }, { highWaterMark: 0 });
  const fail = (error) => put((controller) => controller.error(error));
  signal.addEventListener("abort", () => { queue.length = 0; fail(signal.reason); });
  return {
    stream,
    wire: {
      send(frame) { for (const chunk of chunksOf(encoder.encode(frame))) put((controller) => controller.enqueue(chunk)); },
      end: () => put((controller) => controller.close()),
      cut: () => fail(new TypeError("network error")),
    },
  };
}

/** A long poll's body, as soon as there is something. */
function answer(server, url, signal) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const timeout_ms = Number(url.searchParams.get("timeout")) * 1000;
    const connection = server.connect(url, "poll", {
      send: (part) => { parts.push(part); queueMicrotask(done); },
      end: done,
      cut: () => { signal.removeEventListener("abort", gone); reject(new TypeError("network error")); },
    });
    function done() {
      server.clock.clearTimeout(timer);
      signal.removeEventListener("abort", gone);
      if (!connection.alive && !parts.length) return;
      connection.leave();
      const gaps = parts.filter(({ gap }) => gap).map(({ gap }) => gap);
      const events = parts.filter(({ event }) => event).map(({ event }) => event);
      const told = connection.many ? { gaps } : { gap: gaps[0] ?? null };
      const notices = parts.filter(({ notice }) => notice).map(({ notice }) => notice);
      if (notices.length) told.notices = notices;
      resolve(JSON.stringify({ events, last_event_id: connection.joint(), ...told }));
    }
    const timer = timeout_ms ? server.clock.setTimeout(done, timeout_ms) : undefined;
    function gone() {
      server.clock.clearTimeout(timer);
      connection.leave();
      reject(signal.reason);
    }
    signal.addEventListener("abort", gone);
    connection.begin();
    if (!timeout_ms) done();
  });
}

/** @returns a class, as `globalThis.EventSource` is one */
export function createEventSource(server) {
  return class EventSource {
    constructor(address, { withCredentials = false } = {}) {
      const url = new URL(address);
      this.withCredentials = withCredentials;
      this.readyState = 0;
      this.listeners = new Map();
      const refusal = server.ask(url, "eventsource");
      queueMicrotask(() => (refusal ? this.fail(2) : this.connect(url)));
    }

    connect(url) {
      if (this.readyState === 2) return;
      const parser = createSseParser({ onEvent: (event) => this.dispatch(event.type, event) });
      const send = (frame) => queueMicrotask(() => this.readyState === 1 && parser.feed(encoder.encode(frame)));
      const gone = () => queueMicrotask(() => this.readyState !== 2 && this.fail(0));
      this.connection = server.connect(url, "eventsource", { send, end: gone, cut: gone });
      this.readyState = 1;
      this.dispatch("open", {});
      this.connection.begin();
    }

    fail(readyState) {
      this.readyState = readyState;
      this.dispatch("error", {});
    }

    addEventListener(type, listener) {
      this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
    }

    dispatch(type, event) {
      for (const listener of this.listeners.get(type) ?? []) listener({ ...event, type });
    }

    close() {
      this.readyState = 2;
      this.connection?.leave();
    }
  };
}

/** @returns a class, as `globalThis.WebSocket` is one; `sockets`: those that were made */
export function createWebSocket(server) {
  const made = [];
  return class WebSocket {
    static made = made;

    constructor(address) {
      made.push(this);
      this.url = new URL(address);
      this.readyState = 0;
      this.sent = [];
      const refusal = server.ask(this.url, "websocket");
      queueMicrotask(() => (refusal ? this.gone(refusal.status > 1000 ? refusal.status : 1006) : this.connect()));
    }

    connect() {
      if (this.readyState > 1) return;
      this.readyState = 1;
      const receive = (data) => queueMicrotask(() => this.readyState === 1 && this.onmessage?.({ data }));
      this.connection = server.connect(this.url, "websocket", {
        send: receive, end: (code) => queueMicrotask(() => this.gone(code)), cut: () => queueMicrotask(() => this.gone(1006)),
      });
      this.receive = receive;
      this.connection.begin();
    }

    gone(code) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.onclose?.({ code });
    }

    send(text) {
      this.sent.push(text);
      const operation = JSON.parse(text);
      const reply = server.operate?.(operation, this.connection);
      if (reply) this.receive(JSON.stringify({ ref: operation.ref, ...reply }));
    }

    close() {
      this.readyState = 2;
      this.connection?.leave();
    }
  };
}
