// @ts-check
// Which tab leads: the one that holds a lock of the browser. A tab that is closed or crashes lets go of it by that; from
// one that was frozen it is taken.  Source: W3C Web Locks API.

/**
 * @param {object} options
 * @param {Pick<LockManager, "request">} options.locks
 * @param {string} options.name
 * @param {() => void} options.onLead
 * @param {() => void} options.onLose  another tab has taken the lead; perhaps before this one heard that it had it
 * @param {() => void} options.onUnavailable  there are no locks here, in spite of appearances
 */
export function createLeadership({ locks, name, onLead, onLose, onUnavailable }) {
  /** @type {{ leave: () => void } | null} waiting or leading */
  let turn = null;

  function leave() {
    const old = turn;
    turn = null;
    old?.leave();
  }

  /** @param {boolean} steal */
  async function request(steal) {
    leave();
    const waiting = new AbortController();
    /** @type {NonNullable<typeof turn>} */
    const mine = { leave: () => waiting.abort() };
    turn = mine;
    const hold = () =>
      new Promise((resolve) => {
        if (turn !== mine) return resolve(null);
        mine.leave = () => resolve(null);
        onLead();
      });
    try {
      await locks.request(name, steal ? { steal: true } : { signal: waiting.signal }, hold);
    } catch (error) {
      if (turn !== mine) return;
      turn = null;
      if (/** @type {Error} */ (error).name === "AbortError") onLose();
      else onUnavailable();
    }
  }

  return {
    /** Lead as soon as nobody else does. */
    wait: () => void request(false),
    /** Lead now. */
    take: () => void request(true),
    leave,
  };
}
