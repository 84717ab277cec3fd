// @ts-check
// A face for a name: its initials, on a colour that follows from the id.

import { el, svg } from "../dom.js";

/** @param {string} name @returns {string} one or two capitals */
export function initialsOf(name) {
  const words = name.trim().split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0]).join("").toUpperCase() || "?";
}

/** @param {string} id @returns {number} a hue, 0-359, the same on every machine */
export function hueOf(id) {
  let hash = 2166136261;
  for (const character of id) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b); // or neighbours would differ by half a turn, and every other one by nothing
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}

/** @param {{ id: string, name: string }} person */
export function personAvatar({ id, name }) {
  const avatar = el("span", "avatar", initialsOf(name));
  avatar.setAttribute("aria-hidden", "true");
  avatar.style.setProperty("--hue", String(hueOf(id)));
  return avatar;
}

export function modelAvatar() {
  const avatar = el("span", "avatar model");
  avatar.setAttribute("aria-hidden", "true");
  const wave = "M4 8c2-1.8 4-1.8 6 0s4 1.8 6 0M4 12.5c2-1.8 4-1.8 6 0s4 1.8 6 0";
  const path = svg("path", { d: wave, stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", fill: "none" });
  avatar.append(svg("svg", { viewBox: "0 0 20 20" }, path));
  return avatar;
}
