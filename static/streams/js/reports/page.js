// @ts-check
// The page of reports: a query that follows the form, its first rows, and a download that tells how far it is.

import { byId, el } from "../dom.js";
import { hoursAgo, makePicker } from "./moments.js";
import { createTable } from "./preview-view.js";
import { firstRows, Refusal } from "./preview.js";
import { curlLine, queryOf, writeQuery } from "./query.js";
import { createTransfer } from "./transfer.js";

const ROWS = 8;
const PAUSE_MS = 300; // of one who types

const fetch = window.fetch.bind(window);
const form = byId("report", HTMLFormElement);
const said = byId("said", HTMLElement);
const failed = byId("failed", HTMLElement);
const cancel = byId("cancel", HTMLButtonElement);
const download = byId("download", HTMLButtonElement);
const preview = byId("preview", HTMLElement);
const curl = byId("curl", HTMLElement);
const presetColumns = [...form.querySelectorAll("[data-preset]")].map((box) => /** @type {HTMLInputElement} */ (box).value);
const [from, to] = ["from", "to"].map((id) => makePicker(byId(id, HTMLInputElement)));
const ranges = /** @type {HTMLButtonElement[]} */ ([...form.querySelectorAll("[data-hours]")]);
let reading = new AbortController();
let timer = 0;

const query = () => queryOf(new FormData(form), presetColumns);
const chosenColumns = () => new FormData(form).getAll("columns").map(String);
const needed = () => form.dataset.needs && !new FormData(form).get(form.dataset.needs);

/** @param {string} [text] nothing: all is well */
function fail(text = "") {
  failed.hidden = !text;
  failed.textContent = text;
  document.getElementById("subject")?.setAttribute("aria-invalid", String(Boolean(text)));
}

/** @param {string} text @param {"" | "done"} [state] */
function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

/** @param {string} text @param {Node} [shown] */
function show(text, shown = el("p", "preview-none", text)) {
  preview.replaceChildren(shown);
  byId("preview-count", HTMLElement).textContent = shown instanceof HTMLTableElement ? text : "";
  preview.setAttribute("aria-busy", "false");
}

async function drawPreview() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  if (needed()) return show(`Name a ${form.dataset.needs} to see its first rows.`);
  preview.setAttribute("aria-busy", "true");
  try {
    const { rows, total } = await firstRows(asLines(), ROWS, { fetch }, signal);
    fail();
    if (!rows.length) return show("No rows: nothing that is kept fits this choice.");
    const columns = chosenColumns();
    show(total === null ? `the first ${rows.length}` : `all ${total}`, createTable(columns.length ? columns : presetColumns, rows));
  } catch (error) {
    if (signal.aborted) return;
    show("Nothing to show.");
    fail(error instanceof Refusal ? error.message : "The server can't be reached. The form is kept: try again.");
  }
}

/** The form has changed: the line at once, the rows when it rests. */
function follow() {
  from.read();
  to.read();
  curl.textContent = curlLine(curl.dataset.base ?? "", query());
  window.clearTimeout(timer);
  timer = window.setTimeout(drawPreview, PAUSE_MS);
}

/** @param {string | undefined} hours undefined: by hand */
function markRange(hours) {
  for (const button of ranges) button.setAttribute("aria-pressed", String(button.dataset.hours === hours));
}

/** What is asked for, as the preview reads it. */
function asLines() {
  const asked = query();
  asked.set("format", "ndjson");
  asked.delete("bom");
  return form.action + writeQuery(asked);
}

const transfer = createTransfer({ fetch, say, fail, cancel, download });

form.addEventListener("input", follow);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const format = String(new FormData(form).get("format"));
  void transfer.start(form.action + writeQuery(query()), { format, lines: asLines(), name: form.dataset.kind ?? "report" });
});
for (const button of ranges) {
  button.addEventListener("click", () => {
    from.set(hoursAgo(Date.now(), button.dataset.hours ?? ""));
    to.set("");
    markRange(button.dataset.hours);
    follow();
  });
}
for (const id of ["from", "to"]) byId(id, HTMLInputElement).addEventListener("input", () => markRange(undefined));
follow();
