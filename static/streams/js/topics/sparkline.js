// @ts-check
// A number that lives: its name, its value now, and the line of its last values.

import { el, svg } from "../dom.js";
import { fieldLabel, formatField } from "./numbers.js";
import { linePoints } from "./series.js";

const BOX = { width: 200, height: 40 };
const FEWEST_SLOTS = 24; // a young line does not fill the box at once
const PAD = 3;

/** @param {string} name of the field */
export function createSparkline(name) {
  const number = el("span", "vital-number");
  const unit = el("span", "vital-unit");
  const range = el("p", "vital-range");
  const area = svg("path", { class: "spark-area" });
  const line = svg("polyline", { class: "spark-line", "vector-effect": "non-scaling-stroke" });
  const drawing = svg(
    "svg",
    { class: "spark", viewBox: `0 ${-PAD} ${BOX.width} ${BOX.height + 2 * PAD}`, preserveAspectRatio: "none", role: "img" },
    area,
    line,
  );
  const label = el("h3", "vital-name", fieldLabel(name));
  label.title = name;
  const element = el("article", "vital", label, el("p", "vital-value", number, unit), range);
  element.insertBefore(drawing, range);

  return {
    element,
    /** @param {import("./series.js").Series} series */
    update({ values, last, least, most }) {
      [number.textContent, unit.textContent] = formatField(name, last);
      const points = linePoints(values, { ...BOX, slots: Math.max(FEWEST_SLOTS, values.length) });
      const path = points.map((point) => point.join(",")).join(" ");
      line.setAttribute("points", path);
      area.setAttribute("d", `M${points[0][0]},${BOX.height + PAD} L${path} V${BOX.height + PAD} Z`);
      const [from, to] = [formatField(name, least).join(" "), formatField(name, most).join(" ")];
      range.textContent = least === most ? "steady" : from === to ? "" : `${from} to ${to}`;
      drawing.setAttribute("aria-label", `${name}: now ${formatField(name, last).join(" ")}, between ${from} and ${to} over ${values.length} events`);
    },
  };
}
