// @ts-check
// What a person wrote, with its links, mentions, `code` and fenced code told apart. Built as nodes; text is never parsed as HTML.

/** @typedef {{ kind: "text" | "link" | "mention" | "code" | "block", text: string, person?: string }} Token  `person`: an id */

const LINK = String.raw`(?<link>https?:\/\/[^\s<>"'\x60]+)`;
const CODE = "`(?<code>[^`\\n]+)`";
const BLOCK = "^```[^`\\n]*\\n(?<block>[^]+?)\\n?```[ \\t]*\\n?"; // closed by the next three, wherever they stand
const MODEL = "claude";

/**
 * Who is mentioned counts, not what looks like it: the names are those that the server found.
 * @param {string[]} names
 */
function patternOf(names) {
  const known = [...names, MODEL].sort((one, other) => other.length - one.length);
  const either = known.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  return new RegExp(`${BLOCK}|${LINK}|(?<![\\p{L}\\p{N}_@.])(?<mention>@(?:${either}))(?![\\p{L}\\p{N}_])|${CODE}`, "gimu");
}

const PLAIN = patternOf([]);
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
 * @param {import("./types.js").Named[]} [mentions]
 * @returns {Token[]} the text, complete and in order
 */
export function tokenize(text, mentions = []) {
  const pattern = mentions.length ? patternOf(mentions.map(({ name }) => name)) : PLAIN;
  /** @type {Token[]} */
  const tokens = [];
  let at = 0;
  const push = (/** @type {Token["kind"]} */ kind, /** @type {string} */ piece) => piece && tokens.push({ kind, text: piece });
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const { link, mention, code, block } = match.groups ?? {};
    const piece = link ? trimLink(link) : match[0];
    push("text", text.slice(at, match.index));
    if (link) push(isWebAddress(piece) ? "link" : "text", piece);
    else if (code) push("code", code);
    else if (block) push("block", block);
    else tokens.push({ kind: "mention", text: mention, person: mentions.find(({ name }) => isSame(name, mention.slice(1)))?.id });
    at = pattern.lastIndex = match.index + piece.length;
  }
  push("text", text.slice(at));
  return tokens;
}

/** @param {string} one @param {string} other */
const isSame = (one, other) => one.toLowerCase() === other.toLowerCase();

/**
 * @param {Token[]} tokens
 * @param {string} [me]  the viewer's id, whose mentions stand out
 * @returns {DocumentFragment}
 */
export function toNodes(tokens, me) {
  const fragment = document.createDocumentFragment();
  for (const { kind, text, person } of tokens) {
    if (kind === "text") fragment.append(text);
    else if (kind === "link") fragment.append(createLink(text));
    else if (kind === "block") fragment.append(createBlock(text));
    else {
      const element = document.createElement(kind === "code" ? "code" : "span");
      if (kind === "mention") element.className = person ? (person === me ? "mention own" : "mention") : "mention to-model";
      element.textContent = text;
      fragment.append(element);
    }
  }
  return fragment;
}

/** @param {string} code */
function createBlock(code) {
  const [block, inner] = [document.createElement("pre"), document.createElement("code")];
  inner.textContent = code;
  block.append(inner);
  block.tabIndex = 0; // it scrolls by itself
  return block;
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
