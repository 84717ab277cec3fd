// @ts-check
// Where a person is in the log: at its end or above it, what came meanwhile, and what lies before.

import { byId } from "../dom.js";
import { seqOf } from "../position.js";
import { createScroller } from "./scroller.js";

const KEPT_ITEMS = 400; // more than this is forgotten from the top while a person reads at the end

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("./room-session.js").createRoomSession>} options.session
 * @param {ReturnType<typeof import("./log-view.js").createLogView>} options.log
 * @param {import("../connection.js").Clock} options.clock
 * @param {string} options.title  of the page, when nothing is unread
 */
export function createReading({ store, session, log, clock, title }) {
  const view = byId("log", HTMLElement);
  const jump = byId("jump", HTMLButtonElement);
  const earlier = byId("earlier", HTMLButtonElement);
  const top = byId("log-top", HTMLElement);
  const topNote = byId("log-top-note", HTMLElement);
  const hint = byId("hint", HTMLElement);
  const position = byId("position", HTMLElement);
  let below = 0;
  let unseen = 0;
  let loading = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hintTimer;

  const scroller = createScroller(view, byId("log-content", HTMLElement), (atEnd) => {
    if (atEnd) below = 0;
    refresh();
  });

  function refresh() {
    jump.hidden = scroller.atEnd;
    byId("jump-text", HTMLElement).textContent = below ? `${below} new` : "Newest";
    byId("empty", HTMLElement).hidden = !log.isEmpty;
    top.hidden = log.isEmpty;
    if (!store.older && document.activeElement === earlier) view.focus({ preventScroll: true });
    earlier.hidden = !store.older;
    if (loading) topNote.textContent = "Loading earlier messages…";
    else if (!store.older) topNote.textContent = "This is where the room begins.";
    else if (!topNote.classList.contains("error-text")) topNote.textContent = "";
    moved();
    document.title = unseen ? `(${unseen}) ${title}` : title;
  }

  function moved() {
    position.textContent = String(seqOf(store.position) ?? "");
  }

  async function loadOlder() {
    if (loading || !store.older) return;
    loading = true;
    topNote.classList.remove("error-text");
    refresh();
    try {
      const count = await session.loadOlder();
      loading = false;
      scroller.keepPlace(() => {
        log.prepend(store.items, count);
        refresh();
      });
    } catch (error) {
      loading = false;
      topNote.classList.add("error-text");
      topNote.textContent = `Earlier messages could not be loaded. ${error instanceof Error ? error.message : ""}`;
      refresh();
    }
  }

  earlier.addEventListener("click", () => void loadOlder());
  jump.addEventListener("click", () => {
    scroller.toEnd();
    view.focus({ preventScroll: true });
  });
  new IntersectionObserver((entries) => {
    const troubled = topNote.classList.contains("error-text");
    if (entries.some((entry) => entry.isIntersecting) && !scroller.atEnd && !troubled) void loadOlder();
  }, { root: view, rootMargin: "300px 0px 0px 0px" }).observe(top);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    unseen = 0;
    refresh();
  });

  /** A quiet word to a person, gone after a while. @param {string} text */
  function tell(text) {
    hint.textContent = text;
    hint.hidden = false;
    clock.clearTimeout(hintTimer);
    hintTimer = clock.setTimeout(() => (hint.hidden = true), 9_000);
  }

  return {
    refresh,
    /** The log went on, whatever it brought. */
    moved,
    tell,
    toEnd: scroller.toEnd,
    /** @param {import("./types.js").Item} item it was put at the end of the log */
    added(item) {
      if (!scroller.atEnd) below += 1;
      else if (store.items.length > KEPT_ITEMS * 1.5) log.remove(store.forget(KEPT_ITEMS));
      if (document.visibilityState !== "visible" && item.kind === "message") unseen += 1;
      refresh();
    },
    /** @param {{ lost: number | null }} gap */
    reloaded({ lost }) {
      tell(lost ? `${lost} events were missed. The room was read again.` : "Some events were missed. The room was read again.");
      if (scroller.atEnd) scroller.toEnd();
      refresh();
    },
  };
}
