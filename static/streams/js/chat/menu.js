// @ts-check
// A menu of things to do, as the ARIA pattern says: arrows move, Home and End, a letter goes to what begins with it.

import { el } from "../dom.js";
import { openPopover } from "./popover.js";

/** @typedef {{ label: string, run: () => void, href?: string, danger?: boolean, hint?: string }} Choice  `href`: a link, and `run` is not asked */

/**
 * @param {HTMLElement} anchor
 * @param {string} label
 * @param {Choice[]} choices
 */
export function openMenu(anchor, label, choices) {
  const menu = el("div", "menu");
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", label);
  const items = choices.map((choice) => {
    const item = createChoice(choice);
    item.addEventListener("click", () => {
      close();
      if (!choice.href) choice.run();
    });
    return item;
  });
  menu.append(...items);
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = nextInMenu(event.key, at, items.map((item) => item.textContent ?? ""));
    if (event.key === "Tab") close();
    else if (next !== null) items[next].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const close = openPopover(anchor, menu, { focus: items[0] });
}

/** @param {Choice} choice @returns {HTMLElement} */
function createChoice({ label, href, danger, hint }) {
  const item = el(href ? "a" : "button", danger ? "menu-item danger" : "menu-item", el("span", "", label), hint && el("kbd", "", hint));
  if (item instanceof HTMLAnchorElement) item.href = href ?? "";
  else item.setAttribute("type", "button");
  item.setAttribute("role", "menuitem");
  item.tabIndex = -1;
  return item;
}

/**
 * Which item a key goes to; null where it goes nowhere.
 * @param {string} key
 * @param {number} at
 * @param {string[]} labels
 * @returns {number | null}
 */
export function nextInMenu(key, at, labels) {
  const count = labels.length;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if ([...key].length !== 1) return null;
  const order = labels.map((_, step) => (at + 1 + step) % count);
  return order.find((index) => labels[index].toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
