// @ts-check
// The versions of an answer: one of them is shown at its place in the log, the others are only known. No DOM.
//
// The item at the place keeps its identity, and versions move into it and out of it; so whoever holds the item (a view,
// the list of items) goes on with what is shown there now.

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {Map<string, GenerationItem>} Known  every version that is known, by its generation */

const OPEN = ["queued", "running", "retrying"];

/** @param {{ status: string }} answer whether it has not ended */
export const isOpen = ({ status }) => OPEN.includes(status);

/**
 * What is shown of the answers to a message.
 * @param {Known} known
 * @param {number | null} message
 * @returns {GenerationItem | undefined}
 */
export function placeOf(known, message) {
  if (message === null) return undefined;
  for (const item of known.values()) if (item.message === message && !item.hidden) return item;
  return undefined;
}

/** Write an answer's status into the list of versions. @param {GenerationItem} item */
export function noteStatus({ versions, generation, status }) {
  const entry = versions.find((one) => one.generation === generation);
  if (entry) entry.status = status;
}

/**
 * Another version has begun: it is shown from now on.
 * @param {Known} known
 * @param {GenerationItem} place
 * @param {GenerationItem} fresh
 */
export function beginVersion(known, place, fresh) {
  const { generation, version, status } = fresh;
  place.versions.push({ generation, version, status });
  known.set(generation, Object.assign(fresh, { versions: place.versions, hidden: true }));
  return showVersion(known, generation);
}

/**
 * Show a version that is known.
 * @param {Known} known
 * @param {string} generation
 * @returns {GenerationItem | null} the item at the place; null where the version is not known
 */
export function showVersion(known, generation) {
  const wanted = known.get(generation);
  if (!wanted?.hidden) return wanted ?? null;
  const place = placeOf(known, wanted.message);
  if (!place) return null;
  const { seq, time } = place;
  const left = { ...place, hidden: true };
  Object.assign(place, wanted, { seq, time, hidden: false });
  known.set(left.generation, left);
  known.set(generation, place);
  return place;
}

/**
 * Take a version that was read from the server, whether it was known or not.
 * @param {Known} known
 * @param {GenerationItem} read
 * @returns {{ item: GenerationItem, ended: boolean } | null}  ended: we thought that it goes on; null: not loaded
 */
export function learnVersion(known, read) {
  const [old, place] = [known.get(read.generation), placeOf(known, read.message)];
  const base = old ?? place;
  if (!base) return null;
  const ended = old !== undefined && isOpen(old) && !isOpen(read);
  base.versions.splice(0, Infinity, ...read.versions);
  const kept = { seq: base.seq, time: base.time, versions: base.versions, hidden: old?.hidden ?? true, revision: base.revision + 1 };
  const item = Object.assign(old ?? read, read, kept);
  known.set(item.generation, item);
  return { item, ended };
}

/**
 * What is forgotten with an item: all versions of it.
 * @param {Known} known
 * @param {GenerationItem} item
 */
export function forgetVersions(known, { generation, versions }) {
  for (const one of [{ generation }, ...versions]) known.delete(one.generation);
}

/**
 * How many answers come before a queued one.
 * @param {Known} known
 * @param {GenerationItem} item
 */
export function countBefore(known, item) {
  const asked = item.timing.asked ?? "";
  return [...known.values()].filter((other) => other !== item && isOpen(other) && (other.status !== "queued" || (other.timing.asked ?? "") < asked)).length;
}
