// @ts-check
// The numbers in a topic's events on the page: a sparkline for each field, made when the field is first seen.

import { createSeriesSet } from "./series.js";
import { createSparkline } from "./sparkline.js";

/**
 * @param {HTMLElement} frame  hidden as long as there are no numbers
 * @param {HTMLElement} list   inside it
 */
export function createVitals(frame, list) {
  const series = createSeriesSet();
  /** @type {Map<string, ReturnType<typeof createSparkline>>} */
  const sparklines = new Map();
  return {
    /** @param {unknown} data of one event */
    add: (data) => series.add(data),
    draw() {
      for (const field of series.read()) {
        let sparkline = sparklines.get(field.name);
        if (!sparkline) {
          sparklines.set(field.name, (sparkline = createSparkline(field.name)));
          list.append(sparkline.element);
        }
        sparkline.update(field);
      }
      frame.hidden = sparklines.size === 0;
    },
  };
}
