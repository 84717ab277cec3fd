// @ts-check
// Who is where: the lanes compared by their positions, in a sentence that hides nothing.

import { epochOf, seqOf } from "../../position.js";

/** @typedef {{ name: string, position: string, missed: number, lost: number }} Runner */

/** @param {number} count */
const number = (count) => count.toLocaleString();

/** "a", "a and b", "a, b and c". @param {string[]} words */
const list = (words) => (words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`);

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * @param {Runner[]} runners
 * @param {string} head  as far as the page itself has read
 */
export function tellStanding(runners, head) {
  const known = runners.filter(({ position }) => epochOf(position) === epochOf(head));
  const newest = Math.max(seqOf(head) ?? 0, ...known.map(({ position }) => seqOf(position) ?? 0));
  const behind = runners.map((runner) => ({ ...runner, by: newest - (seqOf(runner.position) ?? 0) }));
  const level = behind.filter(({ by }) => by === 0).map(({ name }) => name);
  const others = behind.filter(({ by }) => by !== 0).sort((one, other) => one.by - other.by);
  const trailing = others.map(({ name, by }) => `${name} ${number(by)} behind`);
  const who = others.length ? (level.length ? `${list(level)} at ${number(newest)}; ` : `The newest event is ${number(newest)}; `) : `all stand level at ${number(newest)}`;
  return `${capital(`${who}${trailing.join(", ")}`)}. ${losses(runners)}`;
}

/** @param {Runner[]} runners */
function losses(runners) {
  const lost = runners.filter((runner) => runner.lost);
  if (lost.length) return `Lost without a word: ${list(lost.map(({ name, lost }) => `${number(lost)} by ${name}`))}.`;
  const missed = runners.filter((runner) => runner.missed);
  if (missed.length) return `Missed, and told so: ${list(missed.map(({ name, missed }) => `${number(missed)} by ${name}`))}. Nothing else is missing.`;
  return "Nothing is missing anywhere.";
}
