// @ts-check
// A table whose rows have keys: what has not changed is not touched, so that nothing flickers and a link keeps its focus.

import { el } from "../dom.js";

/** @typedef {string | { text: string, href?: string | null, title?: string, className?: string }} Cell */
/** @typedef {{ key: string, cells: Cell[], className?: string }} Row */

/**
 * @param {HTMLTableElement} table  with a body
 * @param {string} nothing  said where there are no rows
 */
export function createTableView(table, nothing) {
  const body = table.tBodies[0];
  const labels = [...table.querySelectorAll("thead th")].map(({ textContent }) => textContent ?? "");
  const none = el("tr", "none", el("td", "", nothing));
  none.cells[0].colSpan = labels.length;
  /** @type {Map<string, HTMLTableRowElement>} */
  const rows = new Map();

  /** @param {Row} row */
  function write({ key, cells, className = "" }) {
    let element = rows.get(key);
    if (!element) {
      element = el("tr", "", ...cells.map(() => el("td")));
      rows.set(key, element);
    }
    if (element.className !== className) element.className = className;
    cells.forEach((cell, at) => writeCell(/** @type {HTMLTableRowElement} */ (element).cells[at], cell, labels[at]));
    return element;
  }

  return {
    /** @param {Row[]} wanted */
    draw(wanted) {
      const keys = new Set(wanted.map(({ key }) => key));
      for (const [key, element] of rows) {
        if (keys.has(key)) continue;
        element.remove();
        rows.delete(key);
      }
      let at = body.firstElementChild;
      for (const row of wanted) {
        const element = write(row);
        if (element === at) at = at.nextElementSibling;
        else body.insertBefore(element, at);
      }
      if (wanted.length) none.remove();
      else body.append(none);
    },
  };
}

/** @param {HTMLTableCellElement} place @param {Cell} cell @param {string} label  of the column, shown where it has no head */
function writeCell(place, cell, label) {
  const { text, href = null, title = "", className = "" } = typeof cell === "string" ? { text: cell } : cell;
  if (place.dataset.label !== label) place.dataset.label = label;
  if (place.className !== className) place.className = className;
  if (place.title !== title) place.title = title;
  let inside = /** @type {HTMLElement} */ (place.firstElementChild ?? place);
  if (href !== null && !(inside instanceof HTMLAnchorElement)) {
    inside = el("a");
    place.replaceChildren(inside);
  } else if (href === null && inside !== place) {
    inside.remove();
    inside = place;
  }
  if (inside instanceof HTMLAnchorElement && inside.getAttribute("href") !== href) inside.href = href ?? "";
  if (inside.textContent !== text) inside.textContent = text;
}
