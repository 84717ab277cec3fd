// @ts-check
// Two rows of ticks: when chunks were sent, and when they came. A picture of what the sentence beside it says.

import { el, svg } from "../dom.js";
import { delays_ms } from "./stream-verdicts.js";

/** @param {import("./probes.js").Chunk[]} chunks */
export function createStrip(chunks) {
  const first_ms = chunks[0].sent_ms;
  const sent = chunks.map(({ sent_ms }) => sent_ms - first_ms);
  const came = delays_ms(chunks).map((delay_ms, n) => sent[n] + delay_ms);
  const end_ms = Math.max(...sent, ...came) || 1;
  const strip = el("div", "strip", el("span", "", "sent"), lane(sent, end_ms), el("span", "", "came"), lane(came, end_ms));
  strip.setAttribute("aria-hidden", "true");
  return strip;
}

/** @param {number[]} times_ms @param {number} end_ms */
function lane(times_ms, end_ms) {
  const ticks = times_ms.map((at_ms) => svg("rect", { x: `${((at_ms / end_ms) * 98).toFixed(2)}%`, y: 0, width: 4, height: 12, rx: 1.5 }));
  return svg("svg", { class: "lane" }, svg("rect", { class: "lane-line", x: 0, y: 5.5, width: "100%", height: 1 }), ...ticks);
}
