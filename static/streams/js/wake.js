// @ts-check
// The moments in which a browser should look again at once: the network, the page or the machine is back.

/** @typedef {import("./connection.js").Clock} Clock */
/** @typedef {(hard: boolean) => void} Wake  `hard`: an open connection can't be trusted either */
/** @typedef {(wake: Wake) => () => void} Wakes  begin to call `wake`; answers how to stop */

const LOOK_MS = 5_000;

/**
 * Call `wake` when something comes back. An open connection is not to be trusted after the page was frozen or the
 * machine slept: a dead socket makes no sound.
 * @param {Wake} wake
 * @param {{ window: Pick<Window, "addEventListener" | "removeEventListener">,
 *   document: Pick<Document, "addEventListener" | "removeEventListener" | "visibilityState">,
 *   clock: Clock, asleep_ms?: number }} env
 * @returns {() => void} stop listening
 */
export function onWake(wake, { window, document, clock, asleep_ms = 90_000 }) {
  let seen_ms = clock.now();
  let timer = clock.setTimeout(tick, LOOK_MS);

  function slept() {
    const was_ms = seen_ms;
    seen_ms = clock.now();
    return seen_ms - was_ms > asleep_ms;
  }
  function tick() {
    if (slept()) wake(true);
    timer = clock.setTimeout(tick, LOOK_MS);
  }
  const online = () => wake(true);
  const pageshow = (/** @type {PageTransitionEvent} */ event) => event.persisted && wake(true);
  const visible = () => document.visibilityState === "visible" && wake(slept());

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

/**
 * What this place offers: the browser's moments where there is a window, none in a worker or in Node.
 * @param {Clock} clock
 * @returns {Wakes}
 */
export function placeWakes(clock) {
  const { window, document } = globalThis;
  return window && document ? (wake) => onWake(wake, { window, document, clock }) : neverWakes;
}

/** For those who wake a stream themselves. @type {Wakes} */
export const neverWakes = () => () => {};
