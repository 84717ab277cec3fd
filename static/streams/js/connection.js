// @ts-check
// The words that all clients share: what a connection is in, what comes over it, the clock, and listeners.

/**
 * @typedef {object} ConnectionState
 * @property {"connecting" | "live" | "waiting" | "offline" | "refused" | "closed"} name
 * @property {number} [retry_at_ms]  when the next attempt is made (waiting, offline)
 * @property {string} [over]  the technique, where it is not the one that was meant
 * @property {string} [reason]       a slug: "sign_in", "forbidden", "not_found", "limit", "restart", "lost", "silent", …
 */

/**
 * One event as a client sees it, whatever technique brought it.
 * @typedef {object} Envelope
 * @property {string} id
 * @property {string} topic
 * @property {string} type
 * @property {any} data
 * @property {string} [time]  not over server-sent events of one topic
 */

/**
 * What the log could not give: from `requested` on, `lost` events (null: nobody can know) up to `resumed_at`.
 * @typedef {{ topic: string, requested: string, resumed_at: string, lost: number | null, reason: string }} Gap
 */

/**
 * One thing that the server says: an envelope, or an event of its own (`stream.*`), which has no id.
 * @typedef {{ type: string, topic?: string, data?: any, id?: string, time?: string }} Frame
 */

/**
 * @typedef {object} Statistics
 * @property {number} events        given to the listeners
 * @property {number} bytes         received in bodies; of an EventSource, which hides its body, in data
 * @property {number} reconnects    times that it was live again
 * @property {number | null} opened_at_ms  since when the connection is live; null while it is not
 */

/**
 * What every technique looks like from outside. Each `on…` answers the function that unsubscribes.
 * @typedef {object} Stream
 * @property {() => void} open    begin, or go on after `close` or a refusal, from `lastEventId`
 * @property {() => void} close
 * @property {(listener: (envelope: Envelope) => void) => () => void} onEvent
 * @property {(listener: (gap: Gap) => void) => () => void} onGap
 * @property {(listener: (text: string) => void) => () => void} onNotice  what an operator tells the people here
 * @property {(listener: (state: ConnectionState) => void) => () => void} onState
 * @property {ConnectionState} state
 * @property {string} lastEventId  the position: everything up to here was given, or told as a gap
 * @property {(hard?: boolean) => void} wake  look again now; `hard` gives up an open connection too
 * @property {Statistics} statistics
 * @property {() => void} cut     drop the connection as a broken network would; it comes back by itself
 * @property {(ms: number) => void} stall  stop reading for so long, where `canStall`
 * @property {boolean} canStall
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
      const own = (/** @type {T} */ value) => listener(value); // the same function may listen twice
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    emit(value) {
      for (const listener of [...listeners]) {
        if (!listeners.has(listener)) continue;
        try {
          listener(value);
        } catch (error) {
          report(error);
        }
      }
    },
  };
}

/** @param {unknown} error as an uncaught one, but later: what runs now goes on */
function report(error) {
  if (globalThis.reportError) return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
