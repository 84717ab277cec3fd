// @ts-check
// What the answers of a room cost, in words. No DOM.

import { money } from "./generation-words.js";

/**
 * @typedef {object} Sums
 * @property {number} answers
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {number} spend_usd
 * @property {number} unpriced  answers whose price nobody knows, which the sum leaves out
 *
 * @typedef {Sums & { people: (Sums & { id: string, name: string })[] }} Span
 * @typedef {{ whom: string, usd: number, spent_usd: number, reserved_usd: number, until: string }} Limit
 * @typedef {{ today: Span, month: Span, limits: Limit[] }} Spend  as `GET /rooms/<slug>/spend` has it
 */

const numbers = new Intl.NumberFormat("en");

/**
 * A row of the table: who, answers, tokens in and out, cost.
 * @param {string} who
 * @param {Sums} sums
 */
export function rowOf(who, { answers, input_tokens, output_tokens, spend_usd, unpriced }) {
  const cost = unpriced ? `${money(spend_usd)} and ${unpriced} without a price` : money(spend_usd);
  return [who, numbers.format(answers), numbers.format(input_tokens), numbers.format(output_tokens), cost];
}

/** @param {Span} span  The people, the dearest first, and all of them. */
export function rowsOf(span) {
  if (!span.answers) return [];
  return [...span.people.map((one) => rowOf(one.name || one.id, one)), rowOf("All", span)];
}

/** @param {Limit} limit @param {(time: string) => string} when */
export const limitLine = ({ whom, usd, spent_usd, reserved_usd, until }, when) => {
  const reserved = reserved_usd ? `, ${money(reserved_usd)} reserved for answers that are being written` : "";
  return `${money(spent_usd)} of ${money(usd)} ${whom} are spent${reserved}; it begins anew ${when(until)}.`;
};
