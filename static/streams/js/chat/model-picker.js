// @ts-check
// Choosing who answers: a native select beside the box. What is chosen is kept for this room, in this browser.

import { el } from "../dom.js";
import { readJson, writeJson } from "../storage.js";
import { optionsOf, reasonOf, standing } from "./model-rules.js";

/**
 * @param {object} parts
 * @param {HTMLElement} parts.box  hidden while there is nothing to choose
 * @param {HTMLSelectElement} parts.select
 * @param {HTMLButtonElement} parts.why  says why the list may be wrong
 * @param {object} options
 * @param {() => Promise<import("./model-rules.js").Listing | null>} options.load  null: it could not be had
 * @param {() => string} options.roomModel
 * @param {Storage | null} options.storage
 * @param {string} options.key
 * @param {(text: string) => void} options.tell
 */
export function createModelPicker({ box, select, why }, { load, roomModel, storage, key, tell }) {
  let chosen = readJson(storage, key, "");
  /** @type {import("./model-rules.js").Listing | null} */
  let listing = null;

  function show() {
    box.hidden = !listing || listing.models.length < 2;
    if (!listing) return;
    chosen = standing(listing, chosen);
    if (chosen === (roomModel() || listing.default)) chosen = "";
    const options = optionsOf(listing, roomModel()).map(({ value, text }) => {
      const option = el("option", "", text);
      option.value = value;
      return option;
    });
    select.replaceChildren(...options);
    select.value = chosen;
    const reason = reasonOf(listing);
    why.hidden = !reason;
    why.title = reason ?? "";
  }

  select.addEventListener("change", () => {
    chosen = select.value;
    writeJson(storage, key, chosen || null);
  });
  why.addEventListener("click", () => tell(why.title));

  return {
    /** What a message says of it. */
    get more() {
      return chosen ? { model: chosen } : {};
    },
    /** The room answers with another one now. */
    changed: show,
    async open() {
      listing = await load();
      show();
    },
  };
}

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string} url
 * @returns {Promise<import("./model-rules.js").Listing | null>}
 */
export async function loadModels(fetch, url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  return response?.ok ? response.json().catch(() => null) : null;
}
