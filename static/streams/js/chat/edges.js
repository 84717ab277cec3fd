// @ts-check
// The two ends of what is loaded: whoever comes near one is shown more, and what is far from there is forgotten.

import { byId } from "../dom.js";

export const KEPT_ITEMS = 400; // with half as many again, those farthest from what is read are forgotten

/**
 * @param {object} options
 * @param {HTMLElement} options.view  the element that scrolls
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("./paging.js").createPaging>} options.paging
 * @param {ReturnType<typeof import("./log-view.js").createLogView>} options.log
 * @param {ReturnType<typeof import("./scroller.js").createScroller>} options.scroller
 * @param {() => void} options.onLoaded
 */
export function createEdges({ view, store, paging, log, scroller, onLoaded }) {
  const earlier = byId("earlier", HTMLButtonElement);
  const ends = { older: byId("log-top", HTMLElement), newer: byId("log-bottom", HTMLElement) };
  const notes = { older: byId("log-top-note", HTMLElement), newer: ends.newer };
  let loading = false;

  const isTroubled = (/** @type {"older" | "newer"} */ way) => notes[way].classList.contains("error-text");

  function refresh() {
    ends.older.hidden = log.isEmpty;
    ends.newer.hidden = !store.newer;
    if (!store.older && document.activeElement === earlier) view.focus({ preventScroll: true });
    earlier.hidden = !store.older;
    if (!store.older) notes.older.textContent = "This is where the room begins.";
    else if (!loading && !isTroubled("older")) notes.older.textContent = "";
  }

  /** Show one more page, above or below. @param {"older" | "newer"} way */
  async function load(way) {
    if (loading || !store[way]) return;
    loading = true;
    notes[way].classList.remove("error-text");
    notes[way].textContent = way === "older" ? "Loading earlier messages…" : "Loading…";
    try {
      const count = await paging[way]();
      loading = false;
      scroller.keepPlace(() => show(way, count));
    } catch (error) {
      loading = false;
      notes[way].classList.add("error-text");
      const which = way === "older" ? "Earlier" : "Later";
      notes[way].textContent = `${which} messages could not be loaded. ${error instanceof Error ? error.message : ""}`;
    }
    onLoaded();
  }

  /** @param {"older" | "newer"} way @param {number} count */
  function show(way, count) {
    if (way === "older") log.prepend(store.items, count);
    else log.append(store.items, count);
    if (store.items.length > KEPT_ITEMS * 1.5) log.remove(way === "older" ? store.forgetNewest(KEPT_ITEMS) : store.forget(KEPT_ITEMS));
    refresh();
  }

  earlier.addEventListener("click", () => void load("older"));
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const way = target === ends.older ? "older" : "newer";
      if (isIntersecting && !scroller.atEnd && !isTroubled(way)) void load(way);
    }
  }, { root: view, rootMargin: "300px 0px" });
  for (const end of Object.values(ends)) near.observe(end);

  return { refresh };
}
