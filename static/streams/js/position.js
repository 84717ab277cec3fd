// @ts-check
// Event ids are opaque but for one promise: what follows the last "-" is the sequence number in the topic; numbers only grow.

/**
 * @param {string | null | undefined} id
 * @returns {number | null} the sequence number, or null when the id carries none
 */
export function seqOf(id) {
  if (!id || id.startsWith("-")) return null; // "-100" is a wish: the last hundred
  const digits = id.slice(id.lastIndexOf("-") + 1);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

/**
 * The part that changes when a log was reset; sequence numbers of two epochs can't be compared.
 * @param {string | null | undefined} id
 */
export function epochOf(id) {
  const text = id ?? "";
  return text.slice(0, Math.max(0, text.lastIndexOf("-")));
}

/**
 * How many events lie between two ids of one log, or null where they can't be compared.
 * @param {string} from
 * @param {string} to
 */
export function distance(from, to) {
  const [first, last] = [seqOf(from), seqOf(to)];
  return first === null || last === null || !epochOf(from) || epochOf(from) !== epochOf(to) ? null : last - first;
}

/**
 * Whether an event with id `id` comes after `position` and so must be applied.
 * @param {string} id
 * @param {string | null} position
 */
export function isAfter(id, position) {
  const ahead = position ? distance(position, id) : null;
  return ahead === null || ahead > 0;
}
