// @ts-check
// What the events of people do to a room as one tab knows it. Each says how a thing is by now, so twice is as good as once.

import { readMessage, readNamed } from "./items.js";

/** @typedef {import("./types.js").MessageItem} MessageItem */
/** @typedef {import("./types.js").Reaction} Reaction */

/** @param {import("./room-store.js").Core} core @returns {import("./room-store.js").Rules} */
export function messageRules({ add, messages }) {
  /** @param {any} data @param {(item: MessageItem) => Partial<MessageItem>} values */
  function change(data, values) {
    const item = messages.get(Number(data?.message));
    return item && !item.deleted ? { kind: /** @type {const} */ ("message"), item: Object.assign(item, values(item)) } : null;
  }

  return {
    message: ({ data, time = "" }, seq) => add(readMessage(data, { seq, time })),
    "message.edited"({ data, time = "" }) {
      if (typeof data?.text !== "string") return null;
      const { text, mentions } = readMessage(data, { seq: 0, time });
      return change(data, () => ({ text, mentions, edited: time }));
    },
    "message.deleted": ({ data }) =>
      change(data, () => ({ deleted: true, text: "", files: [], mentions: [], reactions: [], reply_to: null })),
    reaction({ data }) {
      if (typeof data?.emoji !== "string" || !data.emoji) return null;
      return change(data, ({ reactions }) => ({ reactions: withReaction(reactions, data.emoji, readNamed(data.by), data.on !== false) }));
    },
    "room.changed": ({ data }) => ({ kind: "room", data: data ?? {} }),
    member: ({ data }) => ({ kind: "member", data: data ?? {} }),
  };
}

/**
 * `reactions` with that person's sign put there, or taken away; the order in which signs came stays.
 * @param {Reaction[]} reactions
 * @param {string} emoji
 * @param {import("./types.js").Named} person
 * @param {boolean} on
 * @returns {Reaction[]}
 */
export function withReaction(reactions, emoji, person, on) {
  const others = (/** @type {Reaction} */ { people }) => people.filter(({ id }) => id !== person.id);
  const known = reactions.some((one) => one.emoji === emoji);
  const next = reactions.map((one) => (one.emoji === emoji ? { emoji, people: on ? [...others(one), person] : others(one) } : one));
  if (on && !known) next.push({ emoji, people: [person] });
  return next.filter(({ people }) => people.length);
}
