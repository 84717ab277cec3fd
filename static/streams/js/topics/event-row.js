// @ts-check
// One event in the list, or the place where some are missing.

import { el } from "../dom.js";
import { seqOf } from "../position.js";
import { formatClockSeconds, formatFull } from "../times.js";
import { countEvents, whyMissed } from "./episode-words.js";

const PREVIEW_CHARACTERS = 240;
const SHORT_CHARACTERS = 90;
const SHOWN_CHARACTERS = 100_000;

/**
 * Data on one line, cut where it grows long.
 * @param {unknown} data
 * @returns {{ line: string, whole: boolean }}
 */
export function preview(data) {
  const text = typeof data === "string" ? data : JSON.stringify(data) ?? "";
  const line = text.replace(/\s+/g, " ").slice(0, PREVIEW_CHARACTERS);
  return { line: line.length < text.length ? `${line}…` : line, whole: text.length <= SHORT_CHARACTERS };
}

/**
 * Data in full, indented, and bounded: a page is no place for ten megabytes.
 * @param {unknown} data
 */
export function pretty(data) {
  const text = typeof data === "string" ? data : JSON.stringify(data, null, 2) ?? "";
  if (text.length <= SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS)}\n… ${(text.length - SHOWN_CHARACTERS).toLocaleString()} characters more`;
}

/** @param {import("./feed.js").Row} row */
export function createRow(row) {
  return row.kind === "gap" ? createGap(row) : createEvent(row.envelope);
}

/** @param {Extract<import("./feed.js").Row, { kind: "gap" }>} gap */
function createGap({ lost, reason }) {
  const count = typeof lost === "number" ? `${countEvents(lost)} missing here` : "Some events are missing here";
  return el("li", "event-gap", `${count}: ${whyMissed(reason)}.`);
}

/** @param {import("../connection.js").Envelope} envelope */
function createEvent({ id, type, data, time }) {
  const { line, whole } = preview(data);
  const number = el("span", "event-seq mono", String(seqOf(id) ?? ""));
  if (id) number.title = id;
  const kind = el("span", type === "message" ? "event-type plain" : "event-type", type);
  const head = [number, kind, createTime(time)];
  if (whole) return el("li", "event", el("div", "event-line", ...head, el("code", "event-data", line)));
  const details = el("details", "event", el("summary", "event-line", ...head, el("code", "event-data", line)));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(el("pre", "event-full", pretty(data)));
  });
  return el("li", "", details);
}

/** @param {string | undefined} iso */
function createTime(iso) {
  const date = new Date(iso ?? "");
  if (Number.isNaN(date.getTime())) return el("span", "event-time", "before");
  const element = el("time", "event-time", formatClockSeconds(date));
  element.dateTime = iso ?? "";
  element.title = formatFull(date);
  return element;
}
