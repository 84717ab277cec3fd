// @ts-check
// What a person wrote, with its links, mentions and `code` told apart. Built as nodes; text is never parsed as HTML.

/** @typedef {{ kind: "text" | "link" | "mention" | "code", text: string }} Token */

const PATTERN = /(?<link>https?:\/\/[^\s<>"'`]+)|(?<![\w@.])(?<mention>@[a-z][\w-]*)|`(?<code>[^`\n]+)`/gi;
const CLOSERS = /** @type {Record<string, string>} */ ({ ")": "(", "]": "[", "}": "{" });

/**
 * A link without the punctuation of the sentence it stands in; a bracket stays when it was opened inside.
 * @param {string} link
 */
export function trimLink(link) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const character of link) counts.set(character, (counts.get(character) ?? 0) + 1);
  const count = (/** @type {string} */ character) => counts.get(character) ?? 0;
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link[end - 1];
    const unopened = last in CLOSERS && count(last) > count(CLOSERS[last]);
    if (!unopened && !/[.,;:!?*_~]/.test(last)) break;
    counts.set(last, count(last) - 1);
  }
  return link.slice(0, end);
}

/** @param {string} text */
function isWebAddress(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/**
 * @param {string} text
 * @returns {Token[]} the text, complete and in order
 */
export function tokenize(text) {
  /** @type {Token[]} */
  const tokens = [];
  let at = 0;
  const push = (/** @type {Token["kind"]} */ kind, /** @type {string} */ piece) => piece && tokens.push({ kind, text: piece });
  PATTERN.lastIndex = 0;
  for (let match = PATTERN.exec(text); match; match = PATTERN.exec(text)) {
    const { link, mention, code } = match.groups ?? {};
    const piece = link ? trimLink(link) : match[0];
    push("text", text.slice(at, match.index));
    if (link) push(isWebAddress(piece) ? "link" : "text", piece);
    else push(mention ? "mention" : "code", mention ?? code);
    at = PATTERN.lastIndex = match.index + piece.length;
  }
  push("text", text.slice(at));
  return tokens;
}

/**
 * @param {Token[]} tokens
 * @returns {DocumentFragment}
 */
export function toNodes(tokens) {
  const fragment = document.createDocumentFragment();
  for (const { kind, text } of tokens) {
    if (kind === "text") fragment.append(text);
    else if (kind === "link") fragment.append(createLink(text));
    else {
      const element = document.createElement(kind === "code" ? "code" : "span");
      if (kind === "mention") element.className = /^@claude$/i.test(text) ? "mention to-model" : "mention";
      element.textContent = text;
      fragment.append(element);
    }
  }
  return fragment;
}

/** @param {string} address */
function createLink(address) {
  const link = document.createElement("a");
  link.href = address;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  link.textContent = address;
  return link;
}
