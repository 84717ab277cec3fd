// @ts-check
// What an operator tells the people who are connected: shown above the page until it is put away.

import { button, el } from "./dom.js";

const MAX_SHOWN = 5;

/** @param {string} text */
export function showNotice(text) {
  const shelf = document.getElementById("notices") ?? openShelf();
  while (shelf.children.length >= MAX_SHOWN) shelf.firstElementChild?.remove();
  const notice = el("div", "notice warm", el("p", "", el("strong", "", "From the operator: "), text));
  notice.append(button("Dismiss", "button small", () => notice.remove()));
  shelf.append(notice);
}

/** The region must be there before its text is, or no screen reader says it. */
function openShelf() {
  const shelf = el("div", "notices");
  shelf.id = "notices";
  shelf.setAttribute("role", "status");
  document.body.append(shelf);
  return shelf;
}
