// @ts-check
// Where a reader stands in each of its topics, and all of that as one id: the joint position.

import { distance, isAfter } from "./position.js";

const SEPARATOR = ",";
const FOR_EACH = /^(earliest|-\d+)?$/; // what, said once, is meant for each topic
const UNKNOWN = "-"; // no position: the server tells a gap for that topic, and where it goes on

/**
 * The places, one a topic, that `from` names.
 * @param {string} from
 * @param {number} count
 */
function split(from, count) {
  if (count === 1) return [from];
  const parts = from.split(SEPARATOR);
  if (parts.length === count) return parts;
  return Array(count).fill(FOR_EACH.test(from) ? from : UNKNOWN);
}

/**
 * @param {string[]} topics  in the order of the URL; one "" for a reader that is not told the name of its only topic
 * @param {string} from  an id, the ids of all topics joined, "earliest", "-N", or nothing: from now on
 */
export function createPositions(topics, from) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  set(from);

  /** @param {string} joint */
  function set(joint) {
    const parts = split(joint, topics.length);
    topics.forEach((topic, at) => ids.set(topic, parts[at]));
  }

  /** @param {string} [topic] */
  const keyOf = (topic = "") => (ids.has("") ? "" : topic);

  return {
    get topics() { return [...ids.keys()]; },
    /** What to send in order to resume; empty as long as it would say nothing. */
    get joint() {
      const parts = [...ids.values()];
      return parts.some(Boolean) ? parts.join(SEPARATOR) : "";
    },
    /** @param {string} [topic] @returns {string | undefined} undefined: it is not read */
    of: (topic) => ids.get(keyOf(topic)),
    /**
     * Move on to an event.
     * @param {string | undefined} topic
     * @param {string} id
     * @returns {boolean} false: it was seen before, or is of a topic that is not read
     */
    take(topic, id) {
      const key = keyOf(topic);
      const position = ids.get(key);
      if (position === undefined || !isAfter(id, position)) return false;
      ids.set(key, id);
      return true;
    },
    /** Stand at `id` whatever was before; a topic that was not read is read from now on. @param {string | undefined} topic @param {string} id */
    jump: (topic, id) => void ids.set(keyOf(topic), id),
    /** Stand where a joint position says; one that does not fit the topics says nothing. @param {string} joint */
    adopt(joint) {
      const parts = ids.size === 1 ? [joint] : joint.split(SEPARATOR);
      if (!joint || parts.length !== ids.size) return;
      [...ids.keys()].forEach((topic, at) => ids.set(topic, parts[at]));
    },
    /** Whether it stands at `joint` or after it, in every topic. @param {string} joint */
    covers(joint) {
      const parts = ids.size === 1 ? [joint] : joint.split(SEPARATOR);
      if (parts.length !== ids.size) return false;
      return [...ids.values()].every((id, at) => id === parts[at] || (distance(parts[at], id) ?? -1) >= 0);
    },
    /** @param {string} topic */
    remove: (topic) => void ids.delete(topic),
  };
}
