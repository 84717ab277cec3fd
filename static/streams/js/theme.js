// @ts-check
// The theme: what the system says until a person chooses, then what they chose.

/** @typedef {"system" | "light" | "dark"} Theme */

export const THEME_KEY = "streams.theme";

/** @type {Theme[]} */
const ORDER = ["system", "light", "dark"];

/**
 * The theme after `theme` when the toggle is pressed.
 * @param {Theme} theme
 * @returns {Theme}
 */
export function nextTheme(theme) {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
}

/**
 * Wire the toggle: it steps through system, light and dark, and the choice is kept in `storage`.
 * @param {HTMLButtonElement} button
 * @param {{ root: HTMLElement, storage: Pick<Storage, "setItem" | "removeItem"> | null }} env
 */
export function bindThemeToggle(button, { root, storage }) {
  /** @type {Theme} */
  let theme = root.dataset.theme === "light" || root.dataset.theme === "dark" ? root.dataset.theme : "system";

  const show = () => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.dataset.theme = theme;
    button.setAttribute("aria-label", `Theme: ${theme}. Change to ${nextTheme(theme)}`);
    button.title = `Theme: ${theme}`;
  };

  button.addEventListener("click", () => {
    theme = nextTheme(theme);
    show();
    try {
      if (theme === "system") storage?.removeItem(THEME_KEY);
      else storage?.setItem(THEME_KEY, theme);
    } catch {
      // Not kept, but shown: a full or refused storage is no reason to fail.
    }
  });
  show();
}
