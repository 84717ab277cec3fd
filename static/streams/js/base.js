// @ts-check
// What every page has: the theme toggle, the menu on small screens, times that stay true, copy buttons.

import { bindCopyButtons } from "./clipboard.js";
import { openStorage } from "./storage.js";
import { bindThemeToggle } from "./theme.js";
import { keepTimesFresh } from "./times.js";

/**
 * A button that shows and hides the element named by its `aria-controls`.
 * @param {HTMLButtonElement} button
 */
export function bindDisclosure(button) {
  const set = (/** @type {boolean} */ open) => button.setAttribute("aria-expanded", String(open));
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      set(false);
      button.focus();
    }
  });
  document.addEventListener("click", (event) => {
    const panel = document.getElementById(button.getAttribute("aria-controls") ?? "");
    const inside = event.target instanceof Node && (button.contains(event.target) || panel?.contains(event.target));
    if (!inside) set(false);
  });
}

const theme = document.querySelector("button[data-theme-toggle]");
if (theme instanceof HTMLButtonElement) {
  bindThemeToggle(theme, { root: document.documentElement, storage: openStorage("localStorage") });
}
const menu = document.querySelector("button[data-disclosure]");
if (menu instanceof HTMLButtonElement) bindDisclosure(menu);
keepTimesFresh(document, { clock: Date, setInterval });
bindCopyButtons(document);
