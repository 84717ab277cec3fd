// @ts-check
// Numbers with the unit that the name of their field tells: `resident_bytes`, `cpu_percent`, `loop_lag_ms`, `uptime_s`.

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * Three figures that matter, never more than two after the point, grouped.
 * @param {number} value
 */
export function formatNumber(value) {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 0.001)) return value.toExponential(2);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

/** @param {number} bytes */
function formatBytes(bytes) {
  let value = Math.abs(bytes);
  let unit = 0;
  for (; value >= 1024 && unit < BYTE_UNITS.length - 1; unit += 1) value /= 1024;
  return [formatNumber(Math.sign(bytes) * value), BYTE_UNITS[unit]];
}

/** @param {number} seconds */
function formatSeconds(seconds) {
  const size = Math.abs(seconds);
  if (size >= 172_800) return [formatNumber(seconds / 86_400), "d"];
  if (size >= 7_200) return [formatNumber(seconds / 3_600), "h"];
  if (size >= 180) return [formatNumber(seconds / 60), "min"];
  return [formatNumber(seconds), "s"];
}

/**
 * @param {string} name  of the field
 * @param {number} value
 * @returns {[number: string, unit: string]}
 */
export function formatField(name, value) {
  if (name.endsWith("_bytes")) return /** @type {[string, string]} */ (formatBytes(value));
  if (name.endsWith("_percent")) return [formatNumber(value), "%"];
  if (name.endsWith("_ms")) return Math.abs(value) >= 10_000 ? [formatNumber(value / 1000), "s"] : [formatNumber(value), "ms"];
  if (name.endsWith("_per_s")) return [formatNumber(value), "/s"];
  if (name.endsWith("_s")) return /** @type {[string, string]} */ (formatSeconds(value));
  return [formatNumber(value), ""];
}

/** The name without its unit, as words: "loop lag". @param {string} name */
export function fieldLabel(name) {
  return name.replace(/_(bytes|percent|ms|per_s|s)$/, "").replaceAll("_", " ").replaceAll(".", " · ");
}
