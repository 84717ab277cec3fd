// @ts-check
// What a search found, as it is shown.

/**
 * @typedef {object} Found
 * @property {number} seq
 * @property {string} who
 * @property {string} time
 * @property {{ text: string, marked: boolean }[]} parts  of the snippet
 */

const ENTITIES = /** @type {Record<string, string>} */ ({ "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#39;": "'", "&#x27;": "'" });

/**
 * A snippet comes escaped, with `<mark>` around what was looked for; it is taken apart, and shown as text.
 * @param {string} snippet
 */
export function partsOf(snippet) {
  const plain = (/** @type {string} */ text) => text.replace(/&(?:lt|gt|amp|quot|#39|#x27);/g, (entity) => ENTITIES[entity]);
  return snippet
    .split(/(<mark>.*?<\/mark>)/s)
    .filter(Boolean)
    .map((piece) => {
      const marked = piece.startsWith("<mark>") && piece.endsWith("</mark>");
      return { text: plain(marked ? piece.slice(6, -7) : piece), marked };
    });
}

/** @param {any} body of `GET /rooms/<slug>/search` @returns {{ found: Found[], older: number | null }} */
export function readFound(body) {
  const list = Array.isArray(body?.results) ? body.results : [];
  const found = list.filter((/** @type {any} */ one) => Number(one?.seq) > 0).map((/** @type {any} */ one) => ({
    seq: Number(one.seq),
    who: String(one.author?.name ?? one.label ?? one.author ?? ""),
    time: String(one.time ?? ""),
    parts: partsOf(String(one.snippet ?? "")),
  }));
  return { found, older: Number(body?.older) || null };
}

/** How many, in words. @param {number} count @param {boolean} more  there may be others before them @param {string} words */
export function foundLine(count, more, words) {
  if (!count) return more ? `The newest messages do not have “${words}” in them.` : `Nothing here has “${words}” in it.`;
  const places = count === 1 ? "1 place" : `${count} places`;
  return more ? `${places}, and maybe earlier ones` : places;
}
