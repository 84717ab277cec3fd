// @ts-check
// The big numbers on the page.

import { el } from "../dom.js";
import { parts } from "./format.js";

/** @typedef {import("./figures.js").Figure} Figure */

/** @param {HTMLElement} place */
export function createTilesView(place) {
  place.replaceChildren(); // what stood there kept the room
  /** @type {Map<string, (figure: Figure) => void>} */
  const tiles = new Map();

  /** @param {string} name */
  function create(name) {
    const [number, unit] = [el("span", "tile-number"), el("span", "tile-unit")];
    const [label, before] = [el("dt"), el("dd", "tile-before")];
    const tile = el("div", "tile", label, el("dd", "tile-value", number, unit), before);
    tile.dataset.figure = name;
    place.append(tile);
    return (/** @type {Figure} */ figure) => {
      const [value, letter] = parts(figure.unit, figure.value);
      write(label, figure.label);
      write(number, value);
      write(unit, letter);
      write(before, figure.before || "\u00a0");
      tile.dataset.level = figure.level;
    };
  }

  return {
    /** @param {Figure[]} figures */
    draw(figures) {
      for (const figure of figures) {
        let update = tiles.get(figure.name);
        if (!update) tiles.set(figure.name, (update = create(figure.name)));
        update(figure);
      }
    },
  };
}

/** @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
