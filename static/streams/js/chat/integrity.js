// @ts-check
// Whether an answer put together from its deltas is the answer that was given.

/** The number of characters (code points), as the server counts them. */
export function countCharacters(/** @type {string} */ text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * How many UTF-16 units the first `characters` code points take; all of the text's where it has no more.
 * @param {string} text
 * @param {number} characters
 */
export function unitsOf(text, characters) {
  let units = 0;
  for (let left = characters; left > 0 && units < text.length; left -= 1) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

export function countWords(/** @type {string} */ text) {
  return text.match(/\S+/g)?.length ?? 0;
}

/**
 * The digest is compared where the browser gives one (a secure context); the length is compared everywhere.
 * @param {string} text
 * @param {{ length?: number, sha256?: string }} expected
 * @param {SubtleCrypto | undefined} subtle
 * @returns {Promise<boolean>}
 */
export async function isIntact(text, { length, sha256 }, subtle) {
  if (typeof length === "number" && countCharacters(text) !== length) return false;
  if (!sha256 || !subtle) return true;
  const digest = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256.toLowerCase();
}

/**
 * A version 4 UUID; `crypto.randomUUID` is not given on plain http.
 * @param {(bytes: Uint8Array) => Uint8Array} getRandomValues
 */
export function createUuid(getRandomValues) {
  const bytes = getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
