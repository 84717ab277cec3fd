// @ts-check
// Whether finished answers are read out by a screen reader: one switch, kept in this browser.

import { openStorage, readJson, writeJson } from "../storage.js";

const KEY = "streams.aloud";

/** @param {HTMLInputElement} box */
export function bindAloud(box) {
  const storage = openStorage("localStorage");
  box.checked = readJson(storage, KEY, false);
  box.addEventListener("change", () => writeJson(storage, KEY, box.checked || null));
  return {
    get aloud() { return box.checked; },
  };
}
