// @ts-check
// How many bytes a text takes on the wire.

const encoder = new TextEncoder();

/** @param {string} text */
export function utf8Length(text) {
  return /^[\0-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length;
}
