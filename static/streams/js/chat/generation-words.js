// @ts-check
// What is said about an answer while it comes, and after it.

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

const numbers = new Intl.NumberFormat();

/**
 * While there is nothing to read yet: what is happening, and for how long once that is worth saying.
 * @param {GenerationItem} item
 * @param {number} waited_ms
 */
export function waitingLine({ label, thinking }, waited_ms) {
  const seconds = Math.floor(waited_ms / 1000);
  const doing = thinking ? `${label} is thinking…` : seconds < 20 ? `${label} is reading…` : `Still waiting for ${label}…`;
  return seconds >= 3 ? `${doing} ${seconds} s` : doing;
}

/** A server's words as a sentence. @param {string} text */
export function asSentence(text) {
  const words = text.trim();
  const whole = words && words[0].toUpperCase() + words.slice(1);
  return !whole || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/** @type {Record<string, string>} Endings worth a word; end_turn and stop_sequence are not. */
const STOPPED = {
  max_tokens: "Stopped at the length limit.",
  refusal: "The model declined to answer this.",
  model_context_window_exceeded: "The conversation has grown too long for the model.",
  pause_turn: "The model paused here.",
};

/**
 * The label under an answer that did not end by itself; null when all is well.
 * @param {GenerationItem} item
 * @returns {{ tone: "error" | "warm", text: string, retryable: boolean } | null}
 */
export function troubleLine({ status, stop_reason, error, text }) {
  const partial = text ? " What came before is kept above." : "";
  if (status === "failed") {
    return { tone: "error", text: `${asSentence(error?.message || "The answer failed")}${partial}`, retryable: Boolean(error?.retryable) };
  }
  if (status === "interrupted") return { tone: "warm", text: `${asSentence(error?.message || "This answer was interrupted")}${partial}`, retryable: true };
  if (stop_reason && Object.hasOwn(STOPPED, stop_reason)) return { tone: "warm", text: STOPPED[stop_reason], retryable: false };
  return null;
}

/**
 * @param {GenerationItem["usage"]} usage
 * @returns {string} empty when nothing is known
 */
export function usageLine(usage) {
  const parts = [];
  if (typeof usage?.input_tokens === "number") parts.push(`${numbers.format(usage.input_tokens)} tokens in`);
  if (typeof usage?.output_tokens === "number") parts.push(`${numbers.format(usage.output_tokens)} out`);
  return parts.join(", ");
}
