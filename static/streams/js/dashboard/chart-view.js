// @ts-check
// A chart in its frame: title, a legend with the values of now, the canvas, and the same as a table.

import { el } from "../dom.js";
import { optionsOf, styleOf } from "./chart-options.js";
import { describe, tableOf } from "./describe.js";
import { clock, format } from "./format.js";
import { pointsOf, rangeOf } from "./series.js";

/** @typedef {import("./samples.js").Sample} Sample */
/** @typedef {{ samples: Sample[], process: string, span_s: number, beat_s: number, tables: boolean, loaded: boolean }} View */

const DESCRIBE_MS = 10_000; // a label that changes each second is never read to its end

/**
 * @param {any} Chart  of Chart.js
 * @param {import("./panels.js").Panel} panel
 * @param {import("./colours.js").Colours} colours
 */
export function createChartView(Chart, panel, colours) {
  const entries = panel.lines.map(({ label, tone }, at) => {
    const value = el("b", "legend-value");
    const swatch = el("i", `swatch swatch-${panel.kind} stroke-${at + 1}`);
    return { item: el("li", `tone-${tone}`, swatch, el("span", "", label), value), value };
  });
  const canvas = el("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", panel.title);
  const empty = el("p", "card-empty", "Loading…");
  const plot = el("div", "card-plot", canvas, empty);
  const head = el("tr");
  const body = el("tbody");
  const table = el("div", "card-table", el("table", "", el("thead", "", head), body));
  table.hidden = true;
  table.tabIndex = 0;
  const title = el("h3", "", panel.title);
  const note = el("span", "card-note");
  const element = el("section", `card card-${panel.width}`, el("header", "", title, note), el("p", "card-hint", panel.hint));
  element.dataset.panel = panel.name;
  element.append(el("ul", "legend", ...entries.map(({ item }) => item)), plot, table);

  const sets = panel.lines.map((line, at) => ({ data: /** @type {any[]} */ ([]), ...styleOf(panel, line, at, colours) }));
  const chart = new Chart(canvas, { type: panel.kind === "bars" ? "bar" : "line", data: { datasets: sets }, options: optionsOf(panel, colours) });
  let described_ms = -Infinity;

  /** @param {{ label: string, points: import("./series.js").Point[] }[]} drawn @param {number} now_s @param {number} span_s */
  function writeTable(drawn, now_s, span_s) {
    head.replaceChildren(el("th", "", "Time"), ...drawn.map(({ label }) => el("th", "", label)));
    const rows = tableOf(drawn, { now_s, span_s }).map(({ time_s, values }) => {
      const cells = values.map((value) => el("td", "", format(panel.unit, value)));
      return el("tr", "", el("th", "", clock(time_s)), ...cells);
    });
    body.replaceChildren(...rows);
  }

  return {
    element,
    /** @param {View} view @param {number} now_ms */
    draw({ samples, process, span_s, beat_s, tables, loaded }, now_ms) {
      const now_s = samples.at(-1)?.time_s ?? now_ms / 1000;
      const from_s = now_s - span_s;
      const of = panel.whole ? "" : process;
      const drawn = panel.lines.map(({ label, read }) => ({
        label, points: pointsOf(samples, read, { process: of, from_s, span_s, beat_s, add: panel.kind === "bars" }),
      }));
      const ranges = drawn.map(({ points }) => rangeOf(points));
      const busy = ranges.some((range) => range && range.most > 0);
      drawn.forEach(({ points }, at) => {
        chart.data.datasets[at].data = panel.kind === "bars" ? points.filter(({ y }) => y > 0) : points;
        const { item, value } = entries[at];
        value.textContent = format(panel.unit, ranges[at]?.last);
        item.hidden = panel.kind === "area" && busy && panel.lines.length > 1 && !ranges[at]?.most;
      });
      empty.textContent = ranges.some(Boolean) ? "" : loaded ? "Nothing in this time." : "Loading…";
      canvas.hidden = tables;
      plot.hidden = tables && ranges.some(Boolean);
      table.hidden = !plot.hidden;
      Object.assign(chart.options.scales.x, { min: from_s, max: now_s });
      if (tables) writeTable(drawn.filter((_, at) => !entries[at].item.hidden), now_s, span_s);
      else chart.update("none");
      if (!loaded || now_ms - described_ms < DESCRIBE_MS) return;
      described_ms = now_ms;
      canvas.setAttribute("aria-label", describe(panel.title, panel.unit, drawn, span_s));
    },
    /** @param {import("./colours.js").Colours} next */
    recolour(next) {
      panel.lines.forEach((line, at) => Object.assign(chart.data.datasets[at], styleOf(panel, line, at, next)));
      chart.options = optionsOf(panel, next);
    },
    name: panel.name,
    /** Say something beside the title. @param {string} text */
    note: (text) => void (note.textContent === text || (note.textContent = text)),
    /** Describe it anew at the next drawing: something else is looked at. */
    forget: () => void (described_ms = -Infinity),
  };
}
