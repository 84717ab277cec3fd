// @ts-check
// The body of an HTTP answer, read as it comes; what all techniques over fetch share.

import { failureOf, judge, LOST, Refused } from "./failures.js";

/** @typedef {import("./reconnecting.js").Link} Link */

/**
 * How to ask.
 * @typedef {object} Asking
 * @property {typeof globalThis.fetch} fetch
 * @property {Record<string, string>} headers
 * @property {RequestCredentials} credentials
 * @property {import("./connection.js").Clock} clock
 */

/**
 * The requests of one connection.
 * @param {Asking} asking
 * @param {Pick<Link, "heard">} link
 */
export function createBody({ fetch, headers, credentials, clock }, link) {
  const controller = new AbortController();
  let stalled = Promise.resolve();

  return {
    /**
     * Read a body to its end.
     * @param {string} url
     * @param {string} type  the media type to ask for
     * @param {(bytes: Uint8Array) => void} take
     * @throws {Refused} the answer is something else; or what fetch and `take` throw, and fetch does when dropped
     */
    async read(url, type, take) {
      const { signal } = controller;
      const response = await fetch(url, { headers: { ...headers, Accept: type }, credentials, cache: "no-store", signal });
      const failure = judge(response, type);
      if (failure) throw new Refused(failure);
      const reader = response.body?.getReader();
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        await stalled;
        if (done || !value) return;
        link.heard(value.length);
        take(value);
      }
    },
    drop: () => controller.abort(),
    /** @param {number} ms */
    stall(ms) {
      stalled = new Promise((resolve) => void clock.setTimeout(() => resolve(), ms));
    },
  };
}

/**
 * Run a technique until it is over, and tell why.
 * @param {Link} link
 * @param {() => Promise<void>} run
 */
export async function drive(link, run) {
  try {
    await run();
  } catch (error) {
    return link.ended(failureOf(error));
  }
  link.ended(LOST);
}
