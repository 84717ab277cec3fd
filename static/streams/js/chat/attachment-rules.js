// @ts-check
// Which files can go with a message, and how one stands, in words. No DOM.

import { sizeWords } from "../files/pace.js";

/**
 * @typedef {object} Limits
 * @property {number} files        of one message
 * @property {number} image_bytes  of one image
 * @property {number} text_chars   of the text of all; a character has up to 4 bytes
 *
 * @typedef {{ name: string, size: number, url: string }} Kept  one that is at the server
 */

const LONGEST_CHARACTER = 4;

/**
 * Why this one can't be attached; null: it can, as far as can be known before the server has looked at it.
 * @param {{ name: string, size: number, type: string }} file
 * @param {number} count  how many there are already
 * @param {Limits} limits
 */
export function refusalOf({ name, size, type }, count, limits) {
  if (count >= limits.files) return `${limits.files} files can go with a message, not more.`;
  if (!size) return `${name} is empty.`;
  const isImage = type.startsWith("image/") && type !== "image/svg+xml";
  const most = isImage ? limits.image_bytes : limits.text_chars * LONGEST_CHARACTER;
  if (size <= most) return null;
  return `${name} has ${sizeWords(size)}; ${isImage ? "an image" : "a text"} that a model reads has ${sizeWords(most)} at most.`;
}

/**
 * Why no model would read it, by how it begins; null: it may be read, as text or as an image.
 * @param {string} name
 * @param {Uint8Array} head
 */
export function unreadable(name, head) {
  const begins = String.fromCharCode(...head.subarray(0, 12));
  const isImage = /^(\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP)/s.test(begins);
  const isText = !head.includes(0) && !begins.startsWith("%PDF");
  return isImage || isText ? null : `${name} is neither text nor an image (PNG, JPEG, GIF, WebP): no model reads it.`;
}

/** @param {import("../files/tus.js").State} state @param {number} size */
export function chipWords(state, size) {
  if (state.name === "done") return size ? sizeWords(size) : ""; // of one that comes back from a message it is not known
  if (state.name === "failed") return state.words ?? "It failed.";
  if (state.name === "retrying") return "the connection was lost, trying again…";
  return `${Math.floor((100 * state.sent) / Math.max(1, size))} %`;
}

/** Where a file is. @param {string} name */
export const urlOf = (name) => `/files/${encodeURIComponent(name)}`;

/** The name that a file was given. @param {string} url */
export function nameIn(url) {
  return decodeURIComponent(url.split("/").pop() ?? "");
}
