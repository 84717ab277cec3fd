// @ts-check
// ‹ 2/3 ›: which version of an answer is shown, and the way to the others.

import { button, el } from "../dom.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */
/** @typedef {import("./types.js").Version} Version */

/**
 * The version that lies so many steps from the one that is shown.
 * @param {Pick<GenerationItem, "generation" | "versions">} item
 * @param {number} step
 * @returns {Version | undefined}
 */
export function versionBeside({ generation, versions }, step) {
  const at = versions.findIndex((one) => one.generation === generation);
  return at < 0 ? undefined : versions[at + step];
}

/**
 * @param {GenerationItem} item
 * @param {(version: Version) => void} show
 */
export function versionSwitch(item, show) {
  const at = item.versions.findIndex((one) => one.generation === item.generation);
  const group = el("span", "versions", step("‹", "Previous version", -1), el("span", "version-number", `${at + 1}/${item.versions.length}`), step("›", "Next version", 1));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Version ${at + 1} of ${item.versions.length}`);
  group.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    go(by);
  });

  /** @param {number} by */
  function go(by) {
    const wanted = versionBeside(item, by);
    if (wanted) show(wanted);
  }

  /** @param {string} sign @param {string} label @param {number} by */
  function step(sign, label, by) {
    const made = button(sign, "quiet", () => go(by));
    made.dataset.tool = by < 0 ? "previous" : "next";
    made.title = label;
    made.setAttribute("aria-label", label);
    if (!versionBeside(item, by)) made.setAttribute("aria-disabled", "true");
    return made;
  }

  return group;
}
