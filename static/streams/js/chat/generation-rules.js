// @ts-check
// What the events of answers do to a room as one tab knows it.

import { countCharacters, unitsOf } from "./integrity.js";
import { readGeneration, readPerson } from "./items.js";
import { beginVersion, isOpen, noteStatus, placeOf, showVersion } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("../connection.js").Envelope} Envelope */

/** @param {import("./room-store.js").Core} core @returns {import("./room-store.js").Rules} */
export function generationRules({ add, generations }) {
  /** @param {Envelope} envelope @param {number} seq @returns {GenerationItem | null} the answer, if it is open and has not seen this yet */
  function openAt({ data }, seq) {
    const item = generations.get(data?.generation);
    return item && isOpen(item) && (item.as_of ?? -1) < seq ? item : null;
  }
  return {
    "generation.start"({ data, time = "" }, seq) {
      const fresh = readGeneration(data, { seq, time });
      if (fresh.status === "running") fresh.timing.started = time || null;
      const place = placeOf(generations, fresh.message);
      if (generations.has(fresh.generation) || place?.versions.some(({ generation }) => generation === fresh.generation)) return null;
      if (!place) return fresh.version > 1 ? { kind: "elsewhere", item: fresh } : add(fresh);
      const item = beginVersion(generations, place, fresh);
      return item && { kind: "version", item };
    },
    "generation.state"(envelope, seq) {
      const item = openAt(envelope, seq);
      if (!item) return null;
      const { status, attempt = item.attempt, retry_at = null, error = null, context } = envelope.data;
      if (isOpen({ status })) Object.assign(item, { status, attempt, retry_at, error });
      if (item.status === "running") item.timing.started ??= envelope.time ?? null;
      if (Number.isSafeInteger(context?.left_out)) item.left_out = context.left_out;
      noteStatus(item);
      return { kind: "state", item };
    },
    "generation.thinking"(envelope, seq) {
      const item = openAt(envelope, seq);
      if (!item) return null;
      const text = typeof envelope.data.text === "string" ? envelope.data.text : "";
      item.thinks = true;
      item.thinking += text;
      return { kind: "thinking", item, text };
    },
    "generation.delta"(envelope, seq) {
      const item = openAt(envelope, seq);
      const text = envelope.data?.text;
      if (!item || typeof text !== "string") return null;
      item.timing.first_text ??= envelope.time ?? null;
      item.text += text;
      item.tail += text;
      return { kind: "delta", item, text };
    },
    "generation.block"(envelope, seq) {
      const item = openAt(envelope, seq);
      return item && (item.broken ? null : takeBlock(item, envelope.data));
    },
    "generation.end"(envelope, seq) {
      const item = openAt(envelope, seq);
      return item && end(item, envelope);
    },
    "generation.chosen"({ data }) {
      const generation = data?.generation;
      const item = showVersion(generations, generation);
      if (item) return { kind: "version", item };
      const place = [...generations.values()].find((one) => !one.hidden && one.versions.some((version) => version.generation === generation));
      return place ? { kind: "wanted", item: place, generation } : null;
    },
  };
}

/** @param {GenerationItem} item @param {any} data @returns {import("./room-store.js").Change} */
function takeBlock(item, { index, chars, html }) {
  const units = unitsOf(item.tail, chars);
  const tooMany = units === item.tail.length && countCharacters(item.tail) < chars;
  if (index !== item.blocks || typeof html !== "string" || !(chars > 0) || tooMany) {
    item.broken = true;
    return { kind: "broken", item };
  }
  item.tail = item.tail.slice(units);
  item.html = (item.html ?? "") + html;
  item.html_chars += chars;
  item.blocks += 1;
  return { kind: "block", item, html, units };
}

/** @param {GenerationItem} item @param {Envelope} envelope @returns {import("./room-store.js").Change} */
function end(item, { data, time }) {
  const { status, stop_reason = null, usage = null, error = null, by, length, sha256, blocks, html, text } = data;
  Object.assign(item, {
    status: typeof status === "string" && !isOpen({ status }) ? status : "failed",
    stop_reason, usage, error, retry_at: null, by: by ? readPerson(by) : null,
  });
  item.timing.ended = time ?? null;
  if (typeof text === "string" && text !== item.text) Object.assign(item, { text, tail: text, html: null, html_chars: 0, revision: item.revision + 1 });
  if (typeof html === "string") Object.assign(item, { html, html_chars: Infinity, tail: "", broken: false, revision: item.revision + 1 });
  const sound = !item.broken && (typeof html === "string" || blocks === undefined || blocks === item.blocks);
  noteStatus(item);
  return { kind: "ended", item, length, sha256, sound };
}
