// @ts-check
// What is said about a message: who reacted, what it answers, how large a file is.

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Named} Named */

const QUOTED_CHARACTERS = 140;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}(?:[\p{Emoji_Modifier}\uFE0F]|\u200D\p{Extended_Pictographic})*\s?){1,3}$/u;

/**
 * "Ada", "Ada and you", "Ada, Grace and 3 others".
 * @param {Named[]} people
 * @param {string | undefined} me  the viewer's id
 * @param {number} [most]  names that are told
 */
export function nameList(people, me, most = 8) {
  const names = people.filter(({ id }) => id !== me).map(({ name }) => name);
  if (people.some(({ id }) => id === me)) names.push("you");
  const told = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} others`] : names;
  return told.length > 1 ? `${told.slice(0, -1).join(", ")} and ${told[told.length - 1]}` : told[0] ?? "";
}

/** The first words of a text, on one line. @param {string} text @param {number} [most]  characters */
export function firstWords(text, most = QUOTED_CHARACTERS) {
  const line = text.replace(/\s+/gu, " ").trim();
  const characters = [...line.slice(0, most * 2 + 2)];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : line;
}

/**
 * What a reply shows of what it answers.
 * @param {Item | undefined} item
 * @returns {{ who: string, text: string }}
 */
export function quoteOf(item) {
  if (!item) return { who: "", text: "An earlier message" };
  if (item.kind === "generation") return { who: item.label, text: firstWords(item.text) || "An answer" };
  return { who: item.author.name, text: item.deleted ? "This message was deleted" : firstWords(item.text) || "A file" };
}

/** @param {number} bytes */
export function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "KB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Whether a text is nothing but one to three emoji, which are shown large. @param {string} text */
export function isOnlyEmoji(text) {
  return text.length <= 32 && ONLY_EMOJI.test(text);
}
