// @ts-check
// Who is writing right now: told at most every few seconds, and forgotten when nothing more is heard. No DOM.

/** @typedef {import("../connection.js").Clock} Clock */
/** @typedef {import("./types.js").Named} Named */

const TOLD_EACH_MS = 3_000; // the server takes no more
const FORGOTTEN_MS = 5_000;

/**
 * "Ada is typing…", "Ada and Grace are typing…", "Ada and 2 others are typing…".
 * @param {Named[]} people
 */
export function typingLine(people) {
  const [first, second] = people.map(({ name }) => name);
  if (!people.length) return "";
  if (people.length === 1) return `${first} is typing…`;
  return people.length === 2 ? `${first} and ${second} are typing…` : `${first} and ${people.length - 1} others are typing…`;
}

/** @param {{ clock: Clock, onChange: (people: Named[]) => void }} options */
export function createTypists({ clock, onChange }) {
  /** @type {Map<string, { person: Named, timer: ReturnType<typeof setTimeout> }>} */
  const typists = new Map();
  const tell = () => onChange([...typists.values()].map(({ person }) => person));

  /** @param {string} id */
  function forget(id) {
    const known = typists.get(id);
    if (!known) return;
    clock.clearTimeout(known.timer);
    typists.delete(id);
    tell();
  }

  return {
    /** @param {Named} person */
    heard(person) {
      const known = typists.get(person.id);
      if (known) clock.clearTimeout(known.timer);
      typists.set(person.id, { person, timer: clock.setTimeout(() => forget(person.id), FORGOTTEN_MS) });
      if (!known) tell();
    },
    /** They have said it. */
    forget,
  };
}

/**
 * Tells the others that this person writes, as often as they need to hear it.
 * @param {{ clock: Clock, send: () => void }} options
 */
export function createTypingSignal({ clock, send }) {
  let last_ms = -Infinity;
  return {
    wrote() {
      if (clock.now() - last_ms < TOLD_EACH_MS) return;
      last_ms = clock.now();
      send();
    },
    /** What was written is sent: the next word is told at once. */
    done: () => void (last_ms = -Infinity),
  };
}
