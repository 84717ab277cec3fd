// @ts-check
// What this tab found out about its network: which way to the room gets through, and until when that is believed.

import { readJson, writeJson } from "../storage.js";

const KEY = "streams.way";
const BELIEVED_MS = 600_000;

/**
 * @param {string[]} ladder  the ways, the one that is meant first
 * @param {{ storage: Storage | null, clock: { now(): number } }} env
 */
export function createKnownWay(ladder, { storage, clock }) {
  const kept = readJson(storage, KEY, /** @type {{ technique: string, until_ms: number } | null} */ (null));
  const holds = kept && ladder.includes(kept.technique) && kept.until_ms > clock.now();
  let until_ms = holds ? kept.until_ms : 0;

  return {
    /** To begin with. */
    technique: holds ? kept.technique : ladder[0],
    /** It gets through. @param {string} technique @returns {number} ms until the first of the ladder is tried again */
    keep(technique) {
      until_ms = technique === ladder[0] ? 0 : until_ms || clock.now() + BELIEVED_MS;
      writeJson(storage, KEY, until_ms ? { technique, until_ms } : null);
      return Math.max(0, until_ms - clock.now());
    },
    /** The first of the ladder was tried just now. */
    renew: () => void (until_ms = 0),
  };
}
