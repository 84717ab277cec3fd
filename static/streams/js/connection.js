// @ts-check
// What the clients of all techniques share: the states a connection can be in, listeners, and the moments
// in which a browser should look again at once.

/**
 * @typedef {object} ConnectionState
 * @property {"connecting" | "live" | "waiting" | "offline" | "refused" | "closed"} name
 * @property {number} [retry_at_ms]  when the next attempt is made (waiting, offline)
 * @property {string} [reason]       a slug: "sign_in", "forbidden", "not_found", "limit", "restart", "lost", "silent", …
 */

/**
 * One event as a client sees it. `id` is null on the server's own `stream.*` events.
 * @typedef {object} Envelope
 * @property {string | null} id
 * @property {string} [topic]
 * @property {string} type
 * @property {any} data
 * @property {string} [time]
 */

/** @typedef {Pick<typeof globalThis, "setTimeout" | "clearTimeout"> & { now(): number }} Clock */

/** @type {Clock} */
export const browserClock = {
  now: () => Date.now(),
  setTimeout: globalThis.setTimeout.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
};

/**
 * A listener that throws is reported and harms neither the other listeners nor the connection.
 * @template T
 * @returns {{ add: (listener: (value: T) => void) => () => void, emit: (value: T) => void }}
 */
export function createListeners() {
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit(value) {
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}

/**
 * Call `wake(hard)` when the network, the page or the machine comes back. `hard` says that an open connection
 * can't be trusted: the page was frozen, or the machine slept, and a dead socket makes no sound.
 * @param {(hard: boolean) => void} wake
 * @param {{ window: Window, document: Document, clock: Clock, asleep_ms?: number }} env
 * @returns {() => void} stop listening
 */
export function onWake(wake, { window, document, clock, asleep_ms = 90_000 }) {
  let seen_ms = clock.now();
  let timer = clock.setTimeout(tick, 5_000);

  function tick() {
    const slept = clock.now() - seen_ms > asleep_ms;
    seen_ms = clock.now();
    if (slept) wake(true);
    timer = clock.setTimeout(tick, 5_000);
  }
  const online = () => wake(true);
  const pageshow = (/** @type {PageTransitionEvent} */ event) => event.persisted && wake(true);
  const visible = () => {
    if (document.visibilityState !== "visible") return;
    const slept = clock.now() - seen_ms > asleep_ms;
    seen_ms = clock.now();
    wake(slept);
  };
  window.addEventListener("online", online);
  window.addEventListener("pageshow", pageshow);
  document.addEventListener("visibilitychange", visible);
  return () => {
    clock.clearTimeout(timer);
    window.removeEventListener("online", online);
    window.removeEventListener("pageshow", pageshow);
    document.removeEventListener("visibilitychange", visible);
  };
}
