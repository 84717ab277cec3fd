// @ts-check
// Going through a room: the page above, the page below, the place of one message, back to the end. No DOM.
//
// What comes on the stream while a page is read is applied as always, and once more to the items of the page.

/** @typedef {import("../connection.js").Envelope} Envelope */
/** @typedef {import("./types.js").Page} Page */

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("./history.js").createHistory>} options.history
 * @param {(listener: (envelope: Envelope) => void) => unknown} options.onEvent
 */
export function createPaging({ store, history, onEvent }) {
  /** @type {Set<Envelope[]>} */
  const listening = new Set();
  onEvent((envelope) => {
    for (const since of listening) since.push(envelope);
  });

  /** @param {Promise<Page>} reading @returns {Promise<{ page: Page, since: Envelope[] }>} */
  async function read(reading) {
    /** @type {Envelope[]} */
    const since = [];
    listening.add(since);
    try {
      return { page: await reading, since };
    } finally {
      listening.delete(since);
    }
  }

  /** @param {Promise<Page>} reading */
  async function open(reading) {
    const { page, since } = await read(reading);
    store.replace(page);
    since.forEach(store.apply);
  }

  return {
    /** @returns {Promise<number>} how many items came before those that were there */
    async older() {
      const { oldest } = store;
      if (!store.older || oldest === null) return 0;
      const { page, since } = await read(history.before(oldest));
      return store.oldest === oldest ? store.prepend(page, since).length : 0; // else all was read anew meanwhile
    },
    /** @returns {Promise<number>} how many items came after them */
    async newer() {
      const last = store.items[store.items.length - 1];
      if (!store.newer || !last) return 0;
      const { page, since } = await read(history.after(last.seq));
      return store.newer && store.items[store.items.length - 1] === last ? store.extend(page, since).length : 0;
    },
    /** Show what lies around a message instead. @param {number} seq */
    around: (seq) => open(history.around(seq)),
    /** Show the end of the room instead. */
    newest: () => open(history.newest()),
  };
}
