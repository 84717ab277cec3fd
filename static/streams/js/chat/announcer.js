// @ts-check
// What a screen reader is told: who spoke, when an answer begins and when it is there. Never its tokens.

import { troubleLine } from "./generation-words.js";
import { countWords } from "./integrity.js";

const SPOKEN_CHARACTERS = 200;

/**
 * @param {import("./room-store.js").Change} change
 * @param {string | undefined} viewerId
 * @param {{ aloud?: boolean }} [how]  aloud: finished answers are read out
 * @returns {{ urgent: boolean, text: string } | null}
 */
export function announcementFor(change, viewerId, { aloud = false } = {}) {
  if (change.kind === "added" || change.kind === "beyond") {
    const { item } = change;
    if (item.kind === "generation") return { urgent: false, text: begun(item) };
    if (item.author.id === viewerId) return null;
    return { urgent: false, text: `New message from ${item.author.name}: ${item.text.slice(0, SPOKEN_CHARACTERS) || "a file"}` };
  }
  if (change.kind === "version" && change.item.status !== "done") return { urgent: false, text: begun(change.item) };
  if (change.kind === "elsewhere") return { urgent: false, text: `${change.item.label} answers an older message again, for ${change.item.asked_by.name}` };
  return change.kind === "ended" ? ended(change.item, aloud) : null;
}

/** @param {import("./types.js").GenerationItem} item */
const begun = ({ label, status }) => (status === "queued" ? `${label} will answer, after others` : `${label} is answering`);

/** @param {import("./types.js").GenerationItem} item @param {boolean} aloud */
function ended(item, aloud) {
  const { label, status, text } = item;
  const words = countWords(text);
  const trouble = troubleLine(item);
  if (status === "failed" || status === "interrupted") return { urgent: true, text: `${label} could not finish. ${trouble?.text ?? ""}`.trim() };
  const count = words === 1 ? "1 word" : `${words} words`;
  const finished = status === "stopped" ? `The answer of ${label} was stopped, after ${count}` : `${label} finished, ${count}`;
  const said = aloud && text ? `${label}: ${text}` : finished;
  return { urgent: false, text: trouble && status !== "stopped" ? `${said}. ${trouble.text}` : said };
}
