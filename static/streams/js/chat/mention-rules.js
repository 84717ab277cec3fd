// @ts-check
// Whom a person may mean by "@a": what stands before the caret, and who fits.

/** @typedef {{ id: string, name: string, about?: string }} Candidate */

const BEFORE_CARET = /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_.'\- ]{0,40})$/u;
const MOST = 8;

/**
 * The mention that is being written at the caret.
 * @param {string} text
 * @param {number} caret
 * @returns {{ start: number, query: string } | null}  `start`: where its "@" stands
 */
export function mentionAt(text, caret) {
  const match = BEFORE_CARET.exec(text.slice(Math.max(0, caret - 60), caret));
  return match ? { start: caret - match[1].length - 1, query: match[1] } : null;
}

/**
 * Who fits, the closest first: those whose name begins with it, then those of whom another word does.
 * @param {Candidate[]} people
 * @param {string} query
 */
export function fitting(people, query) {
  const wanted = query.toLowerCase();
  const rank = (/** @type {Candidate} */ { name }) => {
    const low = name.toLowerCase();
    if (low.startsWith(wanted)) return 0;
    return low.split(/[\s._-]+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  const ranked = people.map((person, at) => ({ person, at, rank: rank(person) })).filter((one) => one.rank < 2);
  return ranked.sort((one, other) => one.rank - other.rank || one.at - other.at).slice(0, MOST).map(({ person }) => person);
}

/**
 * `text` with that name in the place of what was begun.
 * @param {string} text
 * @param {number} start
 * @param {number} caret
 * @param {string} name
 * @returns {{ text: string, caret: number }}
 */
export function withName(text, start, caret, name) {
  const after = text.slice(caret);
  const put = `@${name}${/^\s/.test(after) ? "" : " "}`;
  return { text: text.slice(0, start) + put + after, caret: start + put.length + (/^\s/.test(after) ? 1 : 0) };
}
