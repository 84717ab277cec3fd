// @ts-check
// Being muted ends by itself: the page learns of it without anybody who tells it.

const DAY_MS = 86_400_000; // a timer that is set for longer than 24 of them goes off at once
const BEHIND_MS = 1_000; // the server's clock decides

/**
 * @param {string | null | undefined} until  as the server tells times; nothing: one is not muted
 * @param {import("../connection.js").Clock} clock
 * @param {() => void} over  called once, when it has passed
 */
export function whenMuteEnds(until, clock, over) {
  const end = Date.parse(until ?? "") + BEHIND_MS;
  const look = () => {
    const left = end - clock.now();
    if (left <= 0) over();
    else clock.setTimeout(look, Math.min(left, DAY_MS));
  };
  if (end > clock.now()) look();
}
