// @ts-check
// The tokens' colours as a canvas takes them: a custom property is text, and only a colour that is used is computed.

export const TONES = 6;

/** @typedef {{ tones: string[], ink: string, quiet: string, line: string, surface: string, font: string }} Colours */

/** @param {HTMLElement} place  where the colours apply @returns {Colours} */
export function readColours(place) {
  const probe = document.createElement("span");
  probe.hidden = true;
  place.append(probe);
  const read = (/** @type {string} */ name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const tones = Array.from({ length: TONES }, (_, at) => read(`--chart-${at + 1}`));
  const colours = { tones, ink: read("--ink"), quiet: read("--ink-3"), line: read("--line"), surface: read("--raised") };
  probe.remove();
  return { ...colours, font: getComputedStyle(place).fontFamily };
}

/** @param {string} colour  `rgb(…)` @param {number} alpha */
export const faded = (colour, alpha) => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);

/**
 * Call `onChange` when light turns to dark or back: unfold's class on the root, or the system's wish.
 * @param {() => void} onChange
 */
export function watchColours(onChange) {
  new MutationObserver(onChange).observe(document.documentElement, { attributes: true, attributeFilter: ["class", "data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}
