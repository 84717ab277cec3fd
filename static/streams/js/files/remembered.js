// @ts-check
// Uploads that can be gone on with after a reload: the same file of the same person is known by what the disk says of it.

import { readJson, writeJson } from "../storage.js";

const PREFIX = "streams:upload:";

/**
 * @param {Pick<File, "name" | "size" | "lastModified">} file
 * @param {{ storage: Storage | null, who: string }} env
 */
export function remembered(file, { storage, who }) {
  const key = PREFIX + JSON.stringify([who, file.name, file.size, file.lastModified]);
  return {
    /** @type {string | null} */
    url: readJson(storage, key, null),
    /** @param {string | null} url */
    keep: (url) => writeJson(storage, key, url),
  };
}
