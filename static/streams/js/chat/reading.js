// @ts-check
// Where a person is in the log: at its end or above it, what came meanwhile, and what lies before and behind.

import { byId } from "../dom.js";
import { seqOf } from "../position.js";
import { createEdges, KEPT_ITEMS } from "./edges.js";
import { createScroller } from "./scroller.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Page} Page */

/**
 * @param {object} options
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} options.store
 * @param {ReturnType<typeof import("./paging.js").createPaging>} options.paging
 * @param {ReturnType<typeof import("./log-view.js").createLogView>} options.log
 * @param {string} options.title  of the page, when nothing is unread
 * @param {(text: string) => void} options.tell
 * @param {(seq: number) => void} options.onSeen  everything up to there is, or was, in sight
 */
export function createReading({ store, paging, log, title, tell, onSeen }) {
  const view = byId("log", HTMLElement);
  const jump = byId("jump", HTMLButtonElement);
  const position = byId("position", HTMLElement);
  let [below, unseen, elsewhere] = [0, 0, 0];

  const scroller = createScroller(view, byId("log-content", HTMLElement), (atEnd) => {
    if (atEnd) below = 0;
    refresh();
  }, () => !store.newer);

  const edges = createEdges({ view, store, paging, log, scroller, onLoaded: refresh });

  function refresh() {
    jump.hidden = scroller.atEnd;
    byId("jump-text", HTMLElement).textContent = below ? `${below} new` : "Newest";
    byId("empty", HTMLElement).hidden = !log.isEmpty;
    edges.refresh();
    moved();
    const count = unseen + elsewhere;
    document.title = count ? `(${count}) ${title}` : title;
    const last = store.items[store.items.length - 1];
    if (last && scroller.atEnd && document.visibilityState === "visible") onSeen(last.seq);
  }

  function moved() {
    position.textContent = String(seqOf(store.position) ?? "");
  }

  /** Read a part of the room that is not loaded. @param {Promise<void>} reading @returns {Promise<boolean>} */
  async function open(reading) {
    view.setAttribute("aria-busy", "true");
    try {
      await reading;
    } catch (error) {
      tell(`That part of the room could not be loaded. ${error instanceof Error ? error.message : ""}`);
      return false;
    } finally {
      view.removeAttribute("aria-busy");
    }
    log.replace(store.items);
    return true;
  }

  async function toEnd() {
    if (store.newer && !(await open(paging.newest()))) return;
    scroller.toEnd();
  }

  /** @param {number} seq  of a message or an answer; the one before it where there is none */
  async function goTo(seq) {
    if (!store.at(seq)) {
      scroller.leaveEnd();
      if (!(await open(paging.around(seq)))) return;
    }
    const item = store.at(seq) ?? [...store.items].reverse().find((one) => one.seq <= seq) ?? store.items[0];
    const element = item && log.element(item);
    if (!element) return;
    scroller.leaveEnd();
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    element.classList.remove("found");
    void element.offsetWidth; // the mark is shown anew
    element.classList.add("found");
    refresh();
  }

  /** @param {string} hash @returns {boolean} whether it names a place in the room */
  function goToHash(hash) {
    const match = /^#m(\d{1,15})$/.exec(hash);
    if (match) void goTo(Number(match[1]));
    return match !== null;
  }

  jump.addEventListener("click", async () => {
    await toEnd();
    view.focus({ preventScroll: true });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    unseen = 0;
    refresh();
  });

  return {
    refresh,
    /** The log went on, whatever it brought. */
    moved,
    toEnd,
    goTo,
    goToHash,
    /** Begin where the address says, else under what was read, else at the end. @param {Page} page @param {string} hash */
    begin(page, hash) {
      if (goToHash(hash)) return;
      const line = page.unread && page.last_read ? log.divide(page.last_read, store.items) : null;
      scroller.toEnd();
      const hidden_px = line ? view.getBoundingClientRect().top - line.getBoundingClientRect().top : 0;
      if (hidden_px <= 0 || !line) return;
      scroller.leaveEnd();
      line.scrollIntoView({ block: "start" });
    },
    /** Other rooms mention the viewer so often. @param {number} count */
    elsewhere(count) {
      elsewhere = count;
      refresh();
    },
    /** @param {Item} item  it came at the end of the room */
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
