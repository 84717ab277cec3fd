// @ts-check
// "Are you sure?", in the page's own look.

import { button, el } from "../dom.js";

/**
 * @param {{ title: string, text: string, action: string, quoted?: string }} words
 * @returns {Promise<boolean>}
 */
export function confirmInPage({ title, text, action, quoted }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", "sheet confirm");
    const heading = el("h2", "", title);
    heading.id = "confirm-title";
    dialog.setAttribute("aria-labelledby", heading.id);
    const go = button(action, "button danger", () => dialog.close("yes"));
    const cancel = button("Cancel", "button", () => dialog.close(""));
    const words = quoted ? el("blockquote", "confirm-quote", quoted) : null;
    dialog.append(heading, el("p", "", text), ...(words ? [words] : []), el("div", "sheet-actions", go, cancel));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}
