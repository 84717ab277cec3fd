// @ts-check
// Around the log: the room's name and menu, the list of rooms, the search, the keys.

import { byId } from "../dom.js";
import { openMenu } from "./menu.js";
import { createRoomList } from "./room-list.js";
import { createSearchPanel } from "./search-panel.js";
import { bindShortcuts } from "./shortcuts.js";

/**
 * @param {object} room
 * @param {import("./types.js").Page} room.page
 * @param {string} room.base
 * @param {typeof globalThis.fetch} room.fetch
 * @param {{ clock: import("../connection.js").Clock, setInterval: (run: () => void, ms: number) => unknown }} room.env
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {ReturnType<typeof import("./reading.js").createReading>} room.reading
 * @param {ReturnType<typeof import("./message-actions.js").createMessageActions>} room.actions
 * @param {() => import("./types.js").Person | null} room.viewer
 */
export function bindRoomHead({ page, base, fetch, env, store, reading, actions, viewer }) {
  const list = createRoomList(byId("room-list", HTMLElement), { here: page.room.slug, fetch, env, onMentions: reading.elsewhere });
  void list.refresh();
  const search = createSearchPanel(
    {
      dialog: byId("search", HTMLDialogElement), input: byId("search-words", HTMLInputElement),
      list: byId("found", HTMLElement), note: byId("found-note", HTMLElement),
      more: byId("found-more", HTMLButtonElement),
    },
    { url: `${base}search`, fetch, clock: env.clock, goTo: (seq) => void reading.goTo(seq) },
  );
  const help = byId("help", HTMLDialogElement);
  help.addEventListener("click", ({ target }) => target === help && help.close());
  byId("close-help", HTMLButtonElement).addEventListener("click", () => help.close());
  byId("open-search", HTMLButtonElement).addEventListener("click", search.open);

  /** What the menu of the room offers beside its own. @type {(() => import("./menu.js").Choice)[]} */
  const more = [];
  const menu = byId("room-menu", HTMLButtonElement);
  menu.addEventListener("click", () => {
    const link = (/** @type {string} */ label, /** @type {string} */ href) => ({ label, href, run() {} });
    openMenu(menu, "Room", [
      ...(viewer() ? [link(page.role === "owner" ? "Settings and people" : "People", `${base}settings`)] : []),
      { label: "Search", hint: "/", run: search.open },
      ...more.map((choice) => choice()),
      link("Export as Markdown", `${base}export?format=markdown`),
      link("Export as JSON", `${base}export?format=json`),
      { label: "Keyboard and screen reader", hint: "?", run: () => help.showModal() },
    ]);
  });

  bindShortcuts({ log: byId("log", HTMLElement) }, (meaning, entry) => {
    const item = entry ? store.at(Number(entry.dataset.seq)) : undefined;
    const offered = item && actions.actionsFor(item);
    if (meaning === "search") search.open();
    else if (meaning === "help") help.showModal();
    else if (meaning === "write") document.getElementById("message")?.focus();
    else if (meaning === "newest") void reading.toEnd();
    else if (meaning === "reply") offered?.reply?.();
    else if (meaning === "react" && entry) offered?.react?.(entry);
    else if (meaning === "edit") actions.editThis(item);
  });
  window.addEventListener("hashchange", () => reading.goToHash(window.location.hash));

  return {
    more,
    /** @param {any} data of `room.changed` */
    changed(data) {
      if (typeof data.title === "string") byId("room-title", HTMLElement).textContent = data.title;
      if (typeof data.description === "string") byId("room-about", HTMLElement).textContent = data.description;
      void list.refresh();
    },
  };
}
