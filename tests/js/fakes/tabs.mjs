// Tabs of one browser: Web Locks and BroadcastChannel, with tabs that freeze and crash.

import { setMaxListeners } from "node:events";

/** @returns {{ newTab(): Tab }} */
export function createBrowser() {
  /** @type {Map<string, { holder: object | null, queue: object[] }>} */
  const locks = new Map();
  const channels = new Set();
  const stateOf = (name) => locks.get(name) ?? locks.set(name, { holder: null, queue: [] }).get(name);

  function grant(name) {
    const state = stateOf(name);
    if (state.holder || !state.queue.length) return;
    const request = (state.holder = state.queue.shift());
    queueMicrotask(() => request.tab.run(() => hold(name, request)));
  }

  async function hold(name, request) {
    try {
      request.resolve(await request.callback({ name }));
    } catch (error) {
      request.reject(error);
    } finally {
      release(name, request);
    }
  }

  function release(name, request) {
    const state = stateOf(name);
    if (state.holder === request) state.holder = null;
    state.queue = state.queue.filter((other) => other !== request);
    grant(name);
  }

  class Tab {
    frozen = false;
    gone = false;
    deaf = false;
    late = false; // its timers do not run, as those of a tab that nobody sees
    unavailable = false;
    waiting = []; // what happens to a frozen tab
    requests = [];

    /** Run now, or when it thaws, or never. */
    run(task) {
      if (this.gone) return;
      if (this.frozen) this.waiting.push(task);
      else task();
    }

    /** Fulfilled when it is not frozen; never, once it is gone. */
    awake() { return new Promise((resolve) => this.run(resolve)); }

    freeze() { this.frozen = true; }
    thaw() {
      this.frozen = false;
      for (const task of this.waiting.splice(0)) task();
    }

    /** It ends without a goodbye: its connections and channels are no more, its locks are free. */
    crash() {
      this.gone = true;
      for (const request of this.requests) request.abort();
      for (const [name, { holder, queue }] of locks) for (const request of [holder, ...queue]) if (request?.tab === this) release(name, request);
      for (const channel of channels) if (channel.tab === this) channels.delete(channel);
    }

    /** What a page in this tab is given of the world's means. */
    envOf({ clock, ...env }) {
      const timers = new Set();
      const own = {
        now: clock.now,
        setTimeout: (run, ms) => {
          const timer = clock.setTimeout(() => this.late || this.run(() => timers.delete(timer) && run()), ms);
          timers.add(timer);
          return timer;
        },
        clearTimeout: (timer) => (timers.delete(timer), clock.clearTimeout(timer)),
      };
      const gate = () => new TransformStream({ transform: async (chunk, controller) => (await this.awake(), controller.enqueue(chunk)) });
      const fetch = async (url, { signal, ...options }) => {
        const request = new AbortController();
        setMaxListeners(0, signal);
        signal.addEventListener("abort", () => request.abort(signal.reason), { once: true });
        this.requests.push(request);
        const { body, status, headers } = await env.fetch(url, { ...options, signal: request.signal });
        await this.awake();
        return new Response(body?.pipeThrough(gate()) ?? null, { status, headers });
      };
      return { ...env, clock: own, fetch, locks: this.locks, BroadcastChannel: this.BroadcastChannel };
    }

    get locks() {
      const tab = this;
      return {
        request: (name, { signal, steal }, callback) =>
          new Promise((resolve, reject) => {
            if (tab.unavailable) return reject(new DOMException("denied", "SecurityError"));
            const request = { tab, callback, resolve, reject };
            const state = stateOf(name);
            if (steal) {
              const victim = state.holder;
              state.holder = null;
              state.queue.unshift(request);
              victim?.tab.run(() => victim.reject(new DOMException("stolen", "AbortError")));
            } else {
              state.queue.push(request);
              signal.addEventListener("abort", () => {
                if (state.holder === request) return;
                reject(signal.reason);
                release(name, request);
              });
            }
            grant(name);
          }),
      };
    }

    get BroadcastChannel() {
      const tab = this;
      return class BroadcastChannel {
        constructor(name) {
          Object.assign(this, { name, tab, onmessage: null });
          channels.add(this);
        }

        postMessage(message) {
          if (tab.gone) return;
          if (!channels.has(this)) throw new DOMException("closed", "InvalidStateError");
          const copy = structuredClone(message);
          for (const other of channels) {
            if (other === this || other.name !== this.name || other.tab.deaf) continue; // deaf: the message is lost
            queueMicrotask(() => other.tab.run(() => channels.has(other) && other.onmessage?.({ data: copy })));
          }
        }

        close() { channels.delete(this); }
      };
    }
  }

  return { newTab: () => new Tab(), holders: () => [...locks.values()].map(({ holder }) => holder?.tab) };
}
