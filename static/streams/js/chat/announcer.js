// @ts-check
// What a screen reader is told: who spoke, when an answer begins and when it is there. Never its tokens.

import { countWords } from "./integrity.js";

const SPOKEN_CHARACTERS = 200;

/**
 * @param {import("./room-store.js").Change} change
 * @param {string | undefined} viewerId
 * @returns {{ urgent: boolean, text: string } | null}
 */
export function announcementFor(change, viewerId) {
  if (change.kind === "added" || change.kind === "beyond") {
    const { item } = change;
    if (item.kind === "generation") return { urgent: false, text: `${item.label} is answering` };
    if (item.author.id === viewerId) return null;
    return { urgent: false, text: `New message from ${item.author.name}: ${item.text.slice(0, SPOKEN_CHARACTERS)}` };
  }
  if (change.kind !== "ended") return null;
  const { label, status, text, error } = change.item;
  const words = countWords(text);
  if (status === "done") return { urgent: false, text: `${label} finished, ${words === 1 ? "1 word" : `${words} words`}` };
  if (status === "failed") return { urgent: true, text: `${label} could not finish. ${error?.message ?? ""}`.trim() };
  return { urgent: true, text: `The answer of ${label} was interrupted` };
}
