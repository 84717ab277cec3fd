// @ts-check
// Much has been said since one was here: a word of it, and the way to where that begins.

import { byId } from "../dom.js";
import { countWords } from "./room-list.js";

/**
 * @param {object} room
 * @param {import("./types.js").Page} room.page
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {ReturnType<typeof import("./log-view.js").createLogView>} room.log
 * @param {(seq: number) => Promise<void>} room.goTo
 */
export function bindCatchUp({ page, store, log, goTo }) {
  const bar = byId("catch-up", HTMLElement);
  const { unread = 0, last_read: read } = page;
  const first = store.items[0]?.seq ?? 0;
  if (!unread || !read || read >= first) return; // the line itself is on the page, or nothing is new
  const go = byId("catch-up-go", HTMLButtonElement);
  go.textContent = unread === 1 ? "1 new message since you were here" : `${countWords(unread)} new messages since you were here`;
  bar.hidden = false;
  go.addEventListener("click", async () => {
    bar.hidden = true;
    await goTo(read);
    log.divide(read, store.items);
  });
  byId("catch-up-close", HTMLButtonElement).addEventListener("click", () => (bar.hidden = true));
}
