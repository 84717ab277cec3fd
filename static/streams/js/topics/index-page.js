// @ts-check
// The list of topics: finding one in it.

import { byId } from "../dom.js";

/**
 * Whether every word of `query` is somewhere in `text`.
 * @param {string} text
 * @param {string} query
 */
export function matches(text, query) {
  const where = text.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => where.includes(word));
}

/** @param {HTMLInputElement} search */
function bindSearch(search) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-topic]")]);
  const none = byId("none-found", HTMLElement);
  const count = byId("found", HTMLElement);

  function filter() {
    const query = search.value.trim();
    let found = 0;
    for (const row of rows) {
      row.hidden = !matches(row.dataset.topic ?? "", query);
      if (!row.hidden) found += 1;
    }
    none.hidden = found > 0;
    byId("none-query", HTMLElement).textContent = query;
    count.textContent = query ? `${found} of ${rows.length}` : `${rows.length}`;
  }

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !search.value) return;
    search.value = "";
    filter();
  });
  filter();
}

for (const element of document.querySelectorAll("[data-number]")) {
  element.textContent = Number(element.textContent).toLocaleString();
}
const search = document.getElementById("search");
if (search instanceof HTMLInputElement) bindSearch(search);
