// @ts-check
// What a room's log holds, made safe to show: anybody who may publish to the topic can put any JSON there.

import { unitsOf } from "./integrity.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").GenerationItem} GenerationItem */

/** @param {any} value @param {string} [fallback] */
const text = (value, fallback = "") => (typeof value === "string" ? value : fallback);

/** @param {any} value @returns {import("./types.js").Person} */
export function readPerson(value) {
  return { id: text(value?.id), name: text(value?.name) || "Someone", kind: value?.kind === "user" ? "user" : "guest" };
}

/** @template T @param {any} list @param {(value: any) => T} read @returns {T[]} */
const readList = (list, read) => (Array.isArray(list) ? list.map(read) : []);

/** @param {any} value @returns {import("./types.js").Named} */
export const readNamed = (value) => ({ id: text(value?.id), name: text(value?.name) || "Someone" });

/** @param {any} value @returns {import("./types.js").Attached} */
const readFile = (value) => ({ name: text(value?.name), size: Number(value?.size) || 0, content_type: text(value?.content_type) });

/** @param {any} value @returns {import("./types.js").Reaction} */
const readReaction = (value) => ({ emoji: text(value?.emoji), people: readList(value?.people, readNamed) });

/**
 * @param {any} data of the event, or the item of a history
 * @param {{ seq: number, time: string }} place
 * @returns {MessageItem}
 */
export function readMessage(data, { seq, time }) {
  const deleted = Boolean(data?.deleted);
  const said = typeof data?.text === "string" ? data.text : JSON.stringify(data?.text ?? data) ?? "";
  return {
    kind: "message", seq, time, author: readPerson(data?.author), text: deleted ? "" : said,
    client_id: text(data?.client_id) || undefined,
    reply_to: Number(data?.reply_to) || null,
    mentions: readList(data?.mentions, readNamed),
    files: readList(data?.files, readFile).filter(({ name }) => name),
    edited: data?.edited ? text(data.edited, time) : null,
    deleted,
    reactions: readList(data?.reactions, readReaction).filter(({ emoji, people }) => emoji && people.length),
  };
}

/** @type {string[]} */
const STATUSES = ["queued", "running", "retrying", "done", "stopped", "failed", "interrupted"];

/** @param {any} value @returns {import("./types.js").Status} */
const readStatus = (value) => /** @type {import("./types.js").Status} */ (STATUSES.includes(value) ? value : "running");

/** @param {any} value @returns {number} a whole number that counts something */
const count = (value) => (Number.isSafeInteger(value) && value > 0 ? value : 0);

/**
 * @param {any} data of the event that began it, or the item of a history
 * @param {{ seq: number, time: string }} place
 * @returns {GenerationItem}
 */
export function readGeneration(data, { seq, time }) {
  const generation = text(data?.generation);
  const [version, status] = [count(data?.version) || 1, readStatus(data?.status)];
  const [whole, html] = [text(data?.text), typeof data?.html === "string" ? data.html : null];
  const html_chars = html === null ? 0 : count(data?.html_chars) || Infinity;
  const known = Array.isArray(data?.versions) ? data.versions : [{ generation, version, status }];
  const { asked, started, first_text, ended } = data?.timing ?? {};
  return {
    kind: "generation", seq, time,
    message: count(data?.message) || null, generation, version, question: text(data?.question),
    versions: known.map((/** @type {any} */ one) => ({ generation: text(one?.generation), version: count(one?.version) || 1, status: readStatus(one?.status) })),
    model: text(data?.model), label: text(data?.label, "The model"), demo: data?.demo === true,
    asked_by: readPerson(data?.asked_by),
    status, attempt: count(data?.attempt) || 1, retry_at: text(data?.retry_at) || null,
    text: whole, html, html_chars, blocks: count(data?.blocks),
    tail: html === null ? whole : whole.slice(unitsOf(whole, html_chars)),
    thinks: Boolean(data?.thinking), thinking: text(data?.thinking),
    stop_reason: text(data?.stop_reason) || null, usage: data?.usage ?? null, error: data?.error ?? null,
    by: data?.by ? readPerson(data.by) : null, left_out: count(data?.left_out),
    timing: { asked: text(asked) || time || null, started: text(started) || null, first_text: text(first_text) || null, ended: text(ended) || null },
    revision: 0, hidden: false, broken: false,
  };
}

/** @param {any[]} items of a history @returns {Item[]} */
export function readItems(items) {
  return items.map((item) => {
    const place = { seq: Number(item?.seq) || 0, time: text(item?.time) };
    return item?.kind === "generation" ? readGeneration(item, place) : readMessage(item, place);
  });
}
