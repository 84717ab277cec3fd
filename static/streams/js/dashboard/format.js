// @ts-check
// Numbers as an axis and a tile show them: few figures, and the unit with them.

/** @typedef {"count" | "per_s" | "ms" | "bytes" | "percent" | "s" | "usd"} Unit */

const LARGE = ["", "k", "M", "G", "T", "P"];

/**
 * Three figures at most, with the letter of a thousand, a million, …
 * @param {number} value
 * @returns {[number: string, letter: string]}
 */
function compact(value) {
  let size = Math.abs(value);
  let letter = 0;
  for (; size >= 999.5 && letter < LARGE.length - 1; letter += 1) size /= 1000;
  const digits = size >= 99.95 || Number.isInteger(size) ? 0 : size >= 0.1 || size === 0 ? 1 : 2;
  const text = String(Number(size.toFixed(digits)));
  return [value < 0 && text !== "0" ? `-${text}` : text, LARGE[letter]];
}

/**
 * @param {Unit} unit
 * @param {number | null | undefined} value
 * @returns {[number: string, unit: string]} as they stand side by side; `["–", ""]` where nothing is known
 */
export function parts(unit, value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return ["–", ""];
  if (unit === "ms" && Math.abs(value) >= 999.5) return [compact(value / 1000).join(""), "s"];
  if (unit === "s") return duration(value);
  if (unit === "usd") return [`$${value.toFixed(value >= 100 ? 0 : 2)}`, ""];
  const [number, letter] = compact(value);
  if (unit === "bytes") return [number, `${letter}B`];
  if (unit === "per_s") return [number + letter, "/s"];
  if (unit === "percent") return [number + letter, "%"];
  return [number + letter, unit === "ms" ? "ms" : ""];
}

/** @param {number} value  in seconds @returns {[number: string, unit: string]} */
function duration(value) {
  const size = Math.max(0, value);
  if (size < 9.95) return [String(Number(size.toFixed(1))), "s"];
  if (size < 120) return [String(Math.round(size)), "s"];
  if (size < 7_200) return [String(Math.round(size / 60)), "min"];
  if (size < 172_800) return [String(Math.round(size / 3_600)), "h"];
  return [String(Math.round(size / 86_400)), "days"];
}

/** "1.2k/s", "35 ms", "12 MB". @param {Unit} unit @param {number | null | undefined} value */
export function format(unit, value) {
  const [number, letter] = parts(unit, value);
  return letter && letter !== "/s" ? `${number}\u00a0${letter}` : number + letter;
}

/** Whether it is a power of ten. @param {number} value */
export const isPower = (value) => value > 0 && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;

const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** "14:32:10": as logs have it, and no wider than an axis has room for. @param {number} time_s */
export const clock = (time_s) => seconds.format(time_s * 1000);

/** "14:32" where it is a whole minute. @param {number} time_s */
export const tickClock = (time_s) => (time_s % 60 ? seconds : minutes).format(time_s * 1000);

/** "5 minutes", "1 hour". @param {number} span_s */
export function spanWords(span_s) {
  const hours = span_s / 3_600;
  if (hours >= 1) return hours === 1 ? "hour" : `${hours} hours`;
  return `${Math.round(span_s / 60)} minutes`;
}
