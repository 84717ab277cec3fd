// @ts-check
// Web storage that may be absent: private windows and strict settings throw on the first touch.

/**
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {Storage | null}
 */
export function openStorage(name) {
  try {
    return globalThis[name] ?? null;
  } catch {
    return null;
  }
}

/**
 * @template T
 * @param {Pick<Storage, "getItem"> | null} storage
 * @param {string} key
 * @param {T} fallback  what to answer when nothing readable is stored
 * @returns {T}
 */
export function readJson(storage, key, fallback) {
  try {
    const text = storage?.getItem(key);
    return text ? JSON.parse(text) : fallback;
  } catch {
    return fallback;
  }
}

/**
 * @param {Pick<Storage, "setItem" | "removeItem"> | null} storage
 * @param {string} key
 * @param {unknown} value  null removes the entry
 */
export function writeJson(storage, key, value) {
  try {
    if (value === null) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify(value));
  } catch {
    // A convenience only: nothing depends on it.
  }
}
