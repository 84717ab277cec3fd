// @ts-check
// What the events of answers do to a room as one tab knows it.

import { readGeneration } from "./items.js";

/** @param {import("./room-store.js").Core} core @returns {import("./room-store.js").Rules} */
export function generationRules({ add, change, generations }) {
  return {
    "generation.start"({ data, time = "" }, seq) {
      const fresh = readGeneration(data, { seq, time });
      const known = generations.get(fresh.generation);
      return known ? { kind: "state", item: Object.assign(known, fresh, { seq: known.seq }) } : add(fresh);
    },
    "generation.thinking": ({ data }) => change(data?.generation, { thinking: true }),
    "generation.delta"({ data }) {
      const item = generations.get(data?.generation);
      if (!item || item.status !== "running" || typeof data.text !== "string") return null;
      item.text += data.text;
      return { kind: "delta", item, text: data.text };
    },
    "generation.end"({ data }) {
      const { generation, status, stop_reason = null, usage = null, error = null, html = null, length, sha256 } = data ?? {};
      const changed = change(generation, { status, stop_reason, usage, error, html, thinking: false });
      return changed && { kind: "ended", item: changed.item, length, sha256 };
    },
  };
}
