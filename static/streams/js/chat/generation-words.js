// @ts-check
// What is said about an answer while it comes, and after it.

import { formatClock, formatFull } from "../times.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

const numbers = new Intl.NumberFormat();
const dollars = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const cents = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", maximumSignificantDigits: 2 });

/** @param {string | null} iso @param {number} to_ms @returns {number} whole seconds, 0 where the time is not known */
export function secondsSince(iso, to_ms) {
  const from_ms = Date.parse(iso ?? "");
  return Number.isNaN(from_ms) ? 0 : Math.max(0, Math.floor((to_ms - from_ms) / 1000));
}

/** "4 s", "2 min 5 s" @param {number} seconds */
export const duration = (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`);

/**
 * While there is nothing to read yet: what is happening, and for how long once that is worth saying.
 * @param {GenerationItem} item
 * @param {{ now_ms: number, before: number, attempts?: number }} at  before: how many answers come first; attempts: how
 *   often the model is asked at most
 */
export function waitingLine(item, { now_ms, before, attempts = 0 }) {
  const { label, status, timing } = item;
  if (status === "queued" && before > 0) return `${before === 1 ? "1 answer" : `${before} answers`} before this one`;
  if (status === "queued") return item.error?.message ? `Next in line: ${item.error.message}` : "Next in line";
  const count = item.attempt > 1 ? ` (attempt ${item.attempt}${item.attempt <= attempts ? ` of ${attempts}` : ""})` : "";
  if (status === "retrying") return retryLine(item, now_ms) + count;
  const seconds = secondsSince(timing.started, now_ms);
  const doing = seconds < 20 ? `${label} is reading…` : `Still waiting for ${label}…`;
  return (seconds >= 3 ? `${doing} ${duration(seconds)}` : doing) + count;
}

/** @param {GenerationItem} item @param {number} now_ms */
function retryLine({ label, error, retry_at }, now_ms) {
  const left = Math.ceil((Date.parse(retry_at ?? "") - now_ms) / 1000);
  const when = left > 0 ? `Trying again in ${duration(left)}` : "Trying again…";
  const reason = (error?.message || `${label} is busy`).replace(/[;,.] (please )?try again.*$/i, "");
  return `${asSentence(reason)} ${when}`;
}

/** "Thinking… 12 s", "Thought for 12 s" @param {GenerationItem} item @param {number} now_ms */
export function thinkingLine({ status, text, timing }, now_ms) {
  const until = timing.first_text ?? timing.ended;
  const busy = !text && !timing.ended && status !== "done";
  const seconds = secondsSince(timing.started, busy ? now_ms : Date.parse(until ?? ""));
  if (busy) return seconds >= 3 ? `Thinking… ${duration(seconds)}` : "Thinking…";
  return seconds > 0 ? `Thought for ${duration(seconds)}` : "Thought about it";
}

/** The last line that says something. @param {string} text */
export function lastLine(text) {
  return text.trimEnd().split("\n").pop()?.replace(/^[#>*\-\s]+|\*\*/g, "").trim() ?? "";
}

/** A server's words as a sentence. @param {string} text */
export function asSentence(text) {
  const words = text.trim();
  const whole = words && words[0].toUpperCase() + words.slice(1);
  return !whole || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/**
 * "until 14:02 UTC", as servers say it, in the time of whoever reads it.
 * @param {string} text
 * @param {string | null} said  when it was said
 */
export function inLocalTime(text, said) {
  return text.replace(/\buntil (?:(\d{4}-\d\d-\d\d) )?(\d\d):(\d\d) UTC\b/, (whole, day, hours, minutes) => {
    const said_ms = Date.parse(said ?? "");
    if (!day && Number.isNaN(said_ms)) return whole;
    const from = day ?? new Date(said_ms).toISOString().slice(0, 10);
    const until = new Date(`${from}T${hours}:${minutes}:00Z`);
    if (!day && until.getTime() < said_ms - 60_000) until.setUTCDate(until.getUTCDate() + 1);
    const today = until.toDateString() === new Date(said_ms).toDateString();
    return `until ${day && !today ? formatFull(until) : formatClock(until)}`;
  });
}

/** @type {Record<string, { text: string, goOn?: boolean }>} Endings worth a word; end_turn and stop_sequence are not. */
const STOPPED = {
  max_tokens: { text: "Cut off at the limit of an answer's length.", goOn: true },
  refusal: { text: "The model declined to go on with this." },
  model_context_window_exceeded: { text: "The conversation has grown too long for the model." },
  pause_turn: { text: "The model paused here.", goOn: true },
  tool_use: { text: "The model wanted to use a tool, and has none here." },
};

/**
 * @typedef {object} Trouble
 * @property {"error" | "warm" | "plain"} tone
 * @property {string} text
 * @property {boolean} again  asking again may help
 * @property {boolean} goOn   it can be asked to go on
 */

/**
 * The label under an answer that did not end by itself; null when all is well.
 * @param {GenerationItem} item
 * @returns {Trouble | null}
 */
export function troubleLine({ status, stop_reason, error, text, by, timing, asked_by }) {
  const partial = text ? " What had come is kept above." : "";
  if (status === "stopped") return { tone: "plain", text: `Stopped by ${(by ?? asked_by).name}.`, again: false, goOn: Boolean(text) };
  if (status === "failed") {
    const reason = asSentence(inLocalTime(error?.message || "The answer failed", timing.ended));
    return { tone: "error", text: `${reason}${partial}`, again: Boolean(error?.retryable), goOn: Boolean(text && error?.retryable) };
  }
  if (status === "interrupted") return { tone: "warm", text: `${asSentence(error?.message || "The server was stopped while answering")}${partial}`, again: true, goOn: Boolean(text) };
  if (!stop_reason || !Object.hasOwn(STOPPED, stop_reason)) return null;
  const { text: told, goOn = false } = STOPPED[stop_reason];
  return { tone: "warm", text: told, again: false, goOn };
}

/** "The oldest 12 messages were not sent to the model" @param {number} messages @returns {string} empty where all were */
export function leftOutLine(messages) {
  if (!messages) return "";
  const which = messages === 1 ? "message" : `${numbers.format(messages)} messages`;
  return `The oldest ${which} of this room did not fit, and ${messages === 1 ? "was" : "were"} not sent to the model.`;
}

/**
 * @param {GenerationItem} item
 * @returns {string} empty when nothing is known
 */
export function usageLine({ usage, timing }) {
  const parts = [];
  const about = usage?.estimated ? "≈ " : "";
  if (typeof usage?.input_tokens === "number") {
    const cached = usage.cache_read_tokens ? ` (${numbers.format(usage.cache_read_tokens)} from the cache)` : "";
    parts.push(`${numbers.format(usage.input_tokens)} tokens in${cached}`);
  }
  if (typeof usage?.output_tokens === "number") {
    const thought = usage.thinking_tokens ? ` (${numbers.format(usage.thinking_tokens)} of thinking)` : "";
    parts.push(`${about}${numbers.format(usage.output_tokens)} out${thought}`);
  }
  if (typeof usage?.cost_usd === "number" && usage.cost_usd > 0) parts.push(about + money(usage.cost_usd));
  const ended_ms = Date.parse(timing.ended ?? "");
  const seconds = secondsSince(timing.started, ended_ms);
  if (parts.length && seconds > 0) parts.push(duration(seconds));
  return parts.join(" · ");
}

/** @param {number} usd */
export const money = (usd) => (usd >= 0.1 ? dollars : cents).format(usd);
