// @ts-check
// What a room's log holds, made safe to show: anybody who may publish to the topic can put any JSON there.

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").GenerationItem} GenerationItem */

/** @param {any} value @param {string} [fallback] */
const text = (value, fallback = "") => (typeof value === "string" ? value : fallback);

/** @param {any} value @returns {import("./types.js").Person} */
function readPerson(value) {
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

/**
 * @param {any} data of the event that began it, or the item of a history
 * @param {{ seq: number, time: string }} place
 * @returns {GenerationItem}
 */
export function readGeneration(data, { seq, time }) {
  const known = ["running", "done", "failed", "interrupted"].includes(data?.status);
  return {
    kind: "generation", seq, time,
    generation: text(data?.generation), model: text(data?.model), label: text(data?.label, "The model"), demo: data?.demo === true,
    asked_by: readPerson(data?.asked_by),
    status: known ? data.status : "running",
    thinking: data?.thinking === true,
    text: text(data?.text), html: typeof data?.html === "string" ? data.html : null,
    stop_reason: data?.stop_reason ?? null, usage: data?.usage ?? null, error: data?.error ?? null,
  };
}

/** @param {any[]} items of a history @returns {Item[]} */
export function readItems(items) {
  return items.map((item) => {
    const place = { seq: Number(item?.seq) || 0, time: text(item?.time) };
    return item?.kind === "generation" ? readGeneration(item, place) : readMessage(item, place);
  });
}
