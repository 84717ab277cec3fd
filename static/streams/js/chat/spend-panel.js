// @ts-check
// A sheet that says what the answers of this room cost: today, this month, and what may still be spent.

import { byId, el } from "../dom.js";
import { limitLine, rowsOf } from "./spend-words.js";

const HEADS = ["Who", "Answers", "Tokens in", "Tokens out", "Cost"];

/** @param {string} time */
const when = (time) => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

/** @param {string} title @param {import("./spend-words.js").Span} span */
function table(title, span) {
  const rows = rowsOf(span);
  if (!rows.length) return el("section", "", el("h3", "", title), el("p", "spend-none", "Nothing was answered."));
  const cells = (/** @type {"td" | "th"} */ kind, /** @type {string[]} */ words) => el("tr", "", ...words.map((word) => el(kind, "", word)));
  const body = el("tbody", "", ...rows.map((words) => cells("td", words)));
  return el("section", "", el("h3", "", title), el("table", "spend-table", el("thead", "", cells("th", HEADS)), body));
}

/**
 * The choice for the room's menu.
 * @param {string} url
 * @param {{ fetch: typeof globalThis.fetch, fail: (text: string) => void }} env
 */
export function bindSpend(url, { fetch, fail }) {
  const dialog = byId("spend", HTMLDialogElement);
  const body = byId("spend-body", HTMLElement);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());

  async function open() {
    const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    const value = await response?.json().catch(() => null);
    if (!response?.ok || !value) return fail(value?.error?.message ?? "What the answers cost could not be read.");
    const limits = value.limits.map((/** @type {import("./spend-words.js").Limit} */ one) => el("p", "", limitLine(one, when)));
    body.replaceChildren(table("Today", value.today), table("This month", value.month), ...limits);
    dialog.showModal();
  }

  return () => ({ label: "What answers cost", run: () => void open() });
}
