// @ts-check
// What Chart.js is told: axes with units, a tooltip for all lines of a moment, no animation.

import { faded } from "./colours.js";
import { clock, format, isPower, tickClock } from "./format.js";

/** @typedef {import("./panels.js").Panel} Panel */
/** @typedef {import("./panels.js").Line} Line */
/** @typedef {import("./colours.js").Colours} Colours */

const AXIS_WIDTH = 54; // the same for all, or charts below each other would not line up
const STROKES = [[], [5, 3], [2, 2], [8, 3, 2, 3], [1, 3], [10, 4]]; // lines are told apart without their colours too
const TICKS = [15, 30, 60, 120, 180, 300, 600, 900, 1_800];

/** Times at the axis: on whole minutes, no more than fit. @param {{ min: number, max: number, width: number }} axis */
export function timeTicks({ min, max, width }) {
  const most = Math.max(2, Math.floor(width / 64));
  const step = TICKS.find((one) => (max - min) / one <= most) ?? 3_600;
  const ticks = [];
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) ticks.push({ value: at });
  return ticks;
}

/** Lines at the powers of ten alone. @param {any} scale */
function powersOnly(scale) {
  scale.ticks = scale.ticks.filter((/** @type {{ value: number }} */ { value }) => isPower(value));
}

/** @param {Panel} panel @param {Colours} colours @returns {any} */
export function optionsOf(panel, { ink, quiet, line, surface, font }) {
  const text = { family: font, size: 11 };
  /** @param {boolean} right @param {any} more */
  const axis = (right, more) => ({
    position: right ? "right" : "left",
    border: { display: false },
    grid: { color: line, display: !right, drawTicks: false, lineWidth: 1 },
    afterFit: (/** @type {any} */ scale) => void (scale.width = right ? AXIS_WIDTH - 8 : AXIS_WIDTH),
    ticks: {
      color: quiet, font: text, padding: 6, maxTicksLimit: 5,
      precision: panel.unit === "count" ? 0 : undefined,
      callback: (/** @type {number} */ value) => format(panel.unit, value),
    },
    ...more,
  });
  const stacked = panel.kind !== "line";
  const scale = panel.log ? { type: "logarithmic", suggestedMin: 1, afterBuildTicks: powersOnly } : { beginAtZero: true };
  return {
    animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false, resizeDelay: 50,
    interaction: { mode: "index", intersect: false, axis: "x" },
    elements: { point: { radius: 0, hitRadius: 0, hoverRadius: 3 }, line: { tension: 0 } },
    layout: { padding: { top: 6, right: panel.lines.some(({ unit }) => unit) ? 0 : 8 } },
    scales: {
      x: {
        type: "linear", stacked, offset: false, border: { color: line }, grid: { display: false },
        afterBuildTicks: (/** @type {any} */ scale) => void (scale.ticks = timeTicks(scale)),
        ticks: { color: quiet, font: text, autoSkip: false, maxRotation: 0, callback: tickClock },
      },
      y: axis(false, { ...scale, stacked, suggestedMax: panel.atLeast }),
      ...(panel.lines.some(({ unit }) => unit) && { right: axis(true, { beginAtZero: true, suggestedMax: panel.atLeast }) }),
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        animation: false, backgroundColor: surface, titleColor: ink, bodyColor: ink, borderColor: line, borderWidth: 1,
        titleFont: { ...text, weight: "600" }, bodyFont: text, padding: 8, multiKeyBackground: "transparent", boxWidth: 8, boxHeight: 8, boxPadding: 4, caretSize: 0,
        callbacks: {
          title: (/** @type {any[]} */ items) => (items.length ? clock(items[0].parsed.x) : ""),
          labelColor: ({ dataset }) => ({ borderColor: dataset.tone, backgroundColor: dataset.tone, borderWidth: 0, borderRadius: 2 }),
          label: ({ dataset, parsed }) => ` ${dataset.label}  ${format(panel.unit, parsed.y)}`,
        },
      },
    },
  };
}

/** How a line looks. @param {Panel} panel @param {Line} line @param {number} at  its place in the panel @param {Colours} colours */
export function styleOf(panel, { label, tone, unit }, at, { tones, surface }) {
  const colour = tones[tone - 1];
  const axis = { label, tone: colour, yAxisID: unit ? "right" : "y" };
  if (panel.kind === "bars") {
    return { ...axis, type: "bar", backgroundColor: colour, barPercentage: 1, categoryPercentage: 1, minBarLength: 2, barThickness: 3 };
  }
  const area = panel.kind === "area";
  return {
    ...axis,
    borderColor: area && panel.lines.length > 1 ? surface : colour,
    borderWidth: area && panel.lines.length > 1 ? 1 : 1.75,
    borderDash: area ? [] : STROKES[at],
    borderJoinStyle: "round",
    backgroundColor: faded(colour, area ? (panel.lines.length > 1 ? 0.85 : 0.3) : 0.1),
    pointHoverBackgroundColor: colour,
    fill: area ? (at ? "-1" : "origin") : panel.lines.length === 1 ? "origin" : false,
  };
}
