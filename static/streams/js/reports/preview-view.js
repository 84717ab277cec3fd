// @ts-check
// The first rows on the page, as a table.

import { el } from "../dom.js";

/** @param {string[]} columns @param {Record<string, unknown>[]} rows */
export function createTable(columns, rows) {
  const head = el("tr", "", ...columns.map((name) => {
    const cell = el("th", "", name);
    cell.scope = "col";
    return cell;
  }));
  const body = rows.map((row) => el("tr", "", ...columns.map((name) => createCell(row[name]))));
  return el("table", "", el("thead", "", head), el("tbody", "", ...body));
}

/** @param {unknown} value */
function createCell(value) {
  const text = value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const cell = el("td", typeof value === "number" ? "number" : "", text.slice(0, 300));
  cell.title = text.slice(0, 2_000);
  return cell;
}
