// @ts-check
// What can be done with one entry of the log: a bar at the one that is pointed at, focused or tapped; a menu for the rest.

import { el } from "../dom.js";
import { iconButton } from "./icons.js";
import { openMenu } from "./menu.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./menu.js").Choice} Choice */

/**
 * @typedef {object} EntryActions
 * @property {((anchor: HTMLElement) => void) | null} react  null where it makes no sense
 * @property {(() => void) | null} reply
 * @property {Choice[]} more
 */

const LONG_PRESS_MS = 500;
const MOVED_PX = 10;

/**
 * @param {HTMLElement} root  holds the entries
 * @param {object} options
 * @param {(seq: number) => Item | undefined} options.at
 * @param {(item: Item) => EntryActions} options.actionsFor
 * @param {import("../connection.js").Clock} options.clock
 */
export function createEntryTools(root, { at, actionsFor, clock }) {
  const bar = el("div", "entry-tools");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Actions");
  /** @type {HTMLElement | null} */
  let shownAt = null;
  let moving = false; // what is taken away with the focus in it says so in the midst of that

  const entryOf = (/** @type {EventTarget | null} */ target) => /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest(".entry[data-seq]") : null);
  const itemOf = (/** @type {HTMLElement | null} */ entry) => (entry ? at(Number(entry.dataset.seq)) : undefined);
  const isBusy = () => bar.querySelector("[aria-expanded=true]") !== null;

  /** @param {HTMLElement | null} entry */
  function show(entry) {
    const item = itemOf(entry);
    if (moving || entry === shownAt || isBusy()) return;
    moving = true;
    shownAt?.classList.remove("acting");
    bar.remove();
    moving = false;
    shownAt = item ? entry : null;
    if (!item || !entry) return;
    const { react, reply, more } = actionsFor(item);
    bar.replaceChildren();
    if (react) bar.append(withPopup(iconButton("react", "React", react), "dialog"));
    if (reply) {
      bar.append(iconButton("reply", "Reply", () => {
        show(null); // a finger leaves nothing that would hide it
        reply();
      }));
    }
    if (more.length) bar.append(withPopup(iconButton("more", "More actions", (anchor) => openMenu(anchor, "Message", actionsFor(item).more)), "menu"));
    if (!bar.childElementCount) return;
    entry.classList.add("acting");
    entry.querySelector(".entry-head")?.after(bar);
  }

  /** @param {HTMLElement | null} entry @param {HTMLElement} anchor */
  function menu(entry, anchor) {
    const item = itemOf(entry);
    if (!item) return;
    const { react, reply, more } = actionsFor(item);
    openMenu(anchor, "Message", [
      ...(react ? [{ label: "React", run: () => react(anchor) }] : []),
      ...(reply ? [{ label: "Reply", run: reply }] : []),
      ...more,
    ]);
  }

  root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(entryOf(event.target)));
  root.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !bar.contains(document.activeElement) && show(null));
  root.addEventListener("focusin", (event) => show(entryOf(event.target)));
  root.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !root.contains(relatedTarget)) show(null);
  });
  bindTouch(root, { clock, tap: (target) => show(entryOf(target)), press: (target) => menu(entryOf(target), entryOf(target) ?? root) });
  return { show, menu };
}

/** @param {HTMLButtonElement} button @param {"menu" | "dialog"} what */
function withPopup(button, what) {
  button.setAttribute("aria-haspopup", what);
  button.setAttribute("aria-expanded", "false");
  return button;
}

/**
 * @param {HTMLElement} root
 * @param {{ clock: import("../connection.js").Clock, tap: (target: EventTarget | null) => void, press: (target: EventTarget | null) => void }} told
 */
function bindTouch(root, { clock, tap, press }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let [x, y] = [0, 0];
  const stop = () => clock.clearTimeout(timer);
  const isControl = (/** @type {EventTarget | null} */ target) => target instanceof Element && target.closest("a, button, textarea, input, summary, pre") !== null;
  root.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" || isControl(event.target)) return;
    [x, y] = [event.clientX, event.clientY];
    stop();
    timer = clock.setTimeout(() => press(event.target), LONG_PRESS_MS);
  });
  root.addEventListener("pointermove", (event) => Math.hypot(event.clientX - x, event.clientY - y) > MOVED_PX && stop());
  for (const kind of ["pointerup", "pointercancel"]) root.addEventListener(kind, stop);
  root.addEventListener("click", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType !== "mouse" && !isControl(event.target)) tap(event.target);
  });
}
