// All the ways in which a network may hand over the same bytes.

import { createRandom } from "./fakes/clock.mjs";

const WHOLE_LIMIT = 4_000; // bytes: beyond, not every single split is tried

/** @param {Uint8Array} bytes @param {number} seed @returns {Generator<Uint8Array[]>} */
export function* splits(bytes, seed) {
  yield [bytes];
  yield [...bytes].map((_, at) => bytes.subarray(at, at + 1));
  if (bytes.length <= WHOLE_LIMIT) {
    for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
  }
  const random = createRandom(seed);
  for (let round = 0; round < 20; round += 1) {
    const chunks = [];
    for (let at = 0; at < bytes.length; ) {
      const size = Math.floor(random() * 7); // none at all, too
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    yield chunks;
  }
}

/** A seed that a failure can be repeated with: `SEED=… node --test …`. */
export const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

/** The text of one byte a character, as bytes. @param {string} text */
export const bytesOf = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
