// @ts-check
// What the inspector says, in rows of a name and a value. No DOM.

import { formatClockSeconds } from "../times.js";
import { countCharacters } from "./integrity.js";
import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {[name: string, value: string][]} Rows */

const CHARACTERS_A_TOKEN = 4; // of English text, about
const numbers = new Intl.NumberFormat();
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const bytes = new Intl.NumberFormat(undefined, { notation: "compact", style: "unit", unit: "byte", unitDisplay: "narrow", maximumFractionDigits: 1 });

/** @param {string | null} from @param {string | null} to @param {number} now_ms @returns {number | null} ms; up to now where it has not ended */
function between(from, to, now_ms) {
  const [from_ms, to_ms] = [Date.parse(from ?? ""), to === null ? now_ms : Date.parse(to)];
  return Number.isNaN(from_ms) || Number.isNaN(to_ms) ? null : Math.max(0, to_ms - from_ms);
}

/**
 * How fast an answer comes: as the API counted at its end, before that from its characters.
 * @param {GenerationItem} item
 * @param {number} now_ms
 * @returns {{ tokens_per_s: number, exact: boolean } | null} null before there is something to tell
 */
export function speedOf({ status, text, usage, timing }, now_ms) {
  const ms = timing.first_text && between(timing.first_text, isOpen({ status }) ? null : timing.ended, now_ms);
  if (!ms) return null;
  const exact = typeof usage?.output_tokens === "number" && !usage.estimated;
  const tokens = exact ? (usage?.output_tokens ?? 0) - (usage?.thinking_tokens ?? 0) : countCharacters(text) / CHARACTERS_A_TOKEN;
  return { tokens_per_s: (tokens * 1000) / ms, exact };
}

/** @param {GenerationItem | undefined} item  the newest @param {number} now_ms @returns {Rows} */
export function answerRows(item, now_ms) {
  if (!item) return [["answer", "none yet"]];
  const { timing } = item;
  const first_ms = timing.first_text === null ? null : between(timing.started ?? timing.asked, timing.first_text, now_ms);
  const queued_ms = timing.started === null ? null : between(timing.asked, timing.started, now_ms);
  const speed = speedOf(item, now_ms);
  return [
    ["model", item.model],
    ["status", item.attempt > 1 ? `${item.status}, attempt ${item.attempt}` : item.status],
    ["waited in line", queued_ms === null ? "–" : `${numbers.format(queued_ms)} ms`],
    ["first token after", first_ms === null ? "–" : `${numbers.format(first_ms)} ms`],
    ["tokens a second", speed ? `${speed.exact ? "" : "≈ "}${tenths.format(speed.tokens_per_s)}` : "–"],
    ["characters, blocks", `${numbers.format(countCharacters(item.text))}, ${item.blocks ? numbers.format(item.blocks) : "–"}`],
  ];
}

/**
 * @param {object} connection
 * @param {import("../connection.js").ConnectionState} connection.state
 * @param {import("../connection.js").Statistics} connection.statistics
 * @param {string} connection.technique
 * @param {string} connection.position
 * @param {{ lost: number | null, reason: string, at_ms: number } | null} connection.gap  the last one
 * @returns {Rows}
 */
export function connectionRows({ state, statistics, technique, position, gap }) {
  const lost = gap && `${gap.lost === null ? "some" : numbers.format(gap.lost)} lost at ${formatClockSeconds(new Date(gap.at_ms))} (${gap.reason})`;
  return [
    ["connection", `${technique}, ${state.name}`],
    ["since", statistics.opened_at_ms === null ? "–" : formatClockSeconds(new Date(statistics.opened_at_ms))],
    ["events", numbers.format(statistics.events)],
    ["received", bytes.format(statistics.bytes)],
    ["reconnects", numbers.format(statistics.reconnects)],
    ["position", position || "–"],
    ["last gap", lost || "none"],
  ];
}
