// @ts-check
// Which models can be asked, in words. No DOM.

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} name
 * @property {string | null} retires_at  a day
 * @property {{ input_usd: number, output_usd: number, since: string } | null} price  per million tokens
 *
 * @typedef {object} Listing  as `GET /models` has it
 * @property {Model[]} models
 * @property {string} default
 * @property {"api" | "shipped" | "demo"} source
 * @property {string} as_of
 *
 * @typedef {{ value: string, text: string }} Option
 */

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** @param {string} time */
const dayWords = (time) => DAY.format(new Date(time));

/**
 * What can be chosen: first, as the empty value, what the room answers with where nobody chooses.
 * @param {Listing} listing
 * @param {string} roomModel  empty: the site's default
 * @returns {Option[]}
 */
export function optionsOf({ models, default: site }, roomModel) {
  const usual = roomModel || site;
  const first = models.find(({ id }) => id === usual);
  return [
    { value: "", text: `${first?.name ?? usual} (${roomModel ? "this room's" : "the usual"})` },
    ...models.filter(({ id }) => id !== usual).map((model) => ({ value: model.id, text: modelWords(model) })),
  ];
}

/** @param {Model} model */
function modelWords({ name, price, retires_at }) {
  const cost = price ? ` · $${price.input_usd} in, $${price.output_usd} out` : "";
  return `${name}${cost}${retires_at ? ` · until ${dayWords(retires_at)}` : ""}`;
}

/**
 * What is to be known of the list; null: nothing.
 * @param {Listing} listing
 */
export function reasonOf({ source, as_of }) {
  if (source !== "shipped") return null;
  return `Claude's API does not tell its models just now. These are those of ${dayWords(as_of)}; one of them may be gone.`;
}

/**
 * The choice that still stands.
 * @param {Listing} listing
 * @param {string} wanted
 */
export function standing({ models }, wanted) {
  return models.some(({ id }) => id === wanted) ? wanted : "";
}
