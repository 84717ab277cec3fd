// @ts-check
// What the events of messages do to a room as one tab knows it.

import { readMessage } from "./items.js";

/** @param {import("./room-store.js").Core} core @returns {import("./room-store.js").Rules} */
export function messageRules({ add }) {
  return {
    message: ({ data, time = "" }, seq) => add(readMessage(data, { seq, time })),
  };
}
