// @ts-check
// The small drawings on buttons. They say nothing to a screen reader: the button's label does.

import { svg } from "../dom.js";

const PATHS = {
  react: "M10 17.5a7.5 7.5 0 1 1 0-15 7.5 7.5 0 0 1 0 15ZM6.8 11.8c.7 1.3 1.8 2 3.2 2s2.5-.7 3.2-2M7.4 7.9v.4M12.6 7.9v.4",
  reply: "M8 5 3.5 9.5 8 14M4 9.5h7a5.5 5.5 0 0 1 5.5 5.5v.5",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  close: "m5 5 10 10M15 5 5 15",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const width = name === "more" ? 2.6 : 1.6;
  const path = svg("path", { d: PATHS[name], stroke: "currentColor", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" });
  return svg("svg", { viewBox: "0 0 20 20", fill: "none", "aria-hidden": "true" }, path);
}

/**
 * A button that shows only a drawing.
 * @param {keyof typeof PATHS} name
 * @param {string} label
 * @param {(button: HTMLButtonElement) => void} onClick
 */
export function iconButton(name, label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.append(icon(name));
  button.addEventListener("click", () => onClick(button));
  return button;
}
