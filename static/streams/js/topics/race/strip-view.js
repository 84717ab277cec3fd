// @ts-check
// A strip, drawn: a tick for what came in a tenth of a second, on a line that is there as long as somebody reads.

import { svg } from "../../dom.js";

/** @typedef {import("./strip.js").Slot} Slot */

const HEIGHT = 40;
const GROUND = 36;
const LEAST = 9; // of a tick, so that a single event is seen
const FULL = 120; // events in one slot that fill the height
const WIDTH = { live: 0.62, late: 1, gap: 1.4 }; // in slots: what is rare must not be overlooked

/** How high a tick stands: by the logarithm, so that both 1 and 1,000 are seen. @param {number} events */
export function tickHeight(events) {
  if (!events) return 0;
  return Math.min(GROUND - 2, LEAST + ((GROUND - 2 - LEAST) * Math.log(events)) / Math.log(FULL));
}

/**
 * The paths of a strip, for `d`.
 * @param {Slot[]} slots
 * @returns {Record<"live" | "late" | "gap" | "reading" | "stalled", string>}
 */
export function stripPaths(slots) {
  const paths = { live: "", late: "", gap: "", reading: "", stalled: "" };
  slots.forEach(({ events, late, gap, reading }, at) => {
    if (events) {
      const height = tickHeight(events).toFixed(1);
      const how = late * 2 > events ? "late" : "live";
      paths[how] += `M${at} ${GROUND}v-${height}h${WIDTH[how]}v${height}z`;
    }
    if (gap) paths.gap += `M${at} 0v${HEIGHT}h${WIDTH.gap}v-${HEIGHT}z`;
    if (reading) paths[reading === "stalled" ? "stalled" : "reading"] += `M${at} ${GROUND + 1}h1`;
  });
  return paths;
}

/**
 * @param {SVGElement} root
 * @param {ReturnType<typeof import("./strip.js").createStrip>} strip
 */
export function createStripView(root, strip) {
  const count = strip.read().length;
  const parts = Object.keys(stripPaths([])).map((name) => [name, svg("path", { class: `strip-${name}` })]);
  const moving = svg("g", {}, ...parts.map(([, path]) => /** @type {SVGElement} */ (path)));
  root.setAttribute("viewBox", `0 0 ${count - 2} ${HEIGHT}`); // the slot that is now is not drawn, the one before slides in
  root.setAttribute("preserveAspectRatio", "none");
  root.replaceChildren(moving);
  let drawn = -1;

  return {
    /** @param {boolean} smooth  slide between the slots */
    draw(smooth) {
      const slots = strip.read();
      if (strip.newest !== drawn) {
        drawn = strip.newest;
        const paths = stripPaths(slots);
        for (const [name, path] of /** @type {[keyof typeof paths, SVGElement][]} */ (parts)) path.setAttribute("d", paths[name]);
      }
      moving.setAttribute("transform", `translate(${smooth ? -strip.phase.toFixed(2) : -1} 0)`);
    },
  };
}
