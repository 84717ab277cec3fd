// @ts-check
// Changing what one said, in its place: Enter saves, Escape leaves it as it was.

import { button, el } from "../dom.js";
import { asSentence } from "./generation-words.js";
import { countCharacters } from "./integrity.js";

/**
 * @param {HTMLElement} entry  of the message
 * @param {string} text
 * @param {object} options
 * @param {number} options.limit  characters
 * @param {boolean} options.asks  it is a question to the model, and can be asked again
 * @param {(text: string, again: boolean) => Promise<void>} options.save  rejects with why it was refused
 * @param {() => void} options.onClose
 */
export function openEditor(entry, text, { limit, asks, save, onClose }) {
  const said = entry.querySelector(".said");
  if (!said || entry.classList.contains("editing")) return;
  const area = el("textarea", "input");
  area.value = text;
  area.rows = 1;
  area.dir = "auto";
  area.setAttribute("aria-label", "Edit your message");
  const problem = el("p", "error-text");
  problem.setAttribute("role", "alert");
  const keep = button("Save", asks ? "button small" : "button small primary", () => void finish(false));
  const again = button("Save and ask again", "button small primary", () => void finish(true));
  const cancel = button("Cancel", "button small", close);
  const hint = el("span", "editor-hint", el("kbd", "", "Enter"), " saves, ", el("kbd", "", "Esc"), " cancels");
  const editor = el("div", "editor", area, problem, el("div", "editor-bar", asks && again, keep, cancel, hint));
  const controls = [area, keep, again, cancel];

  const resize = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };

  /** @param {boolean} asking */
  async function finish(asking) {
    const next = area.value.trim();
    const length = countCharacters(next);
    problem.textContent = "";
    if (!next) problem.textContent = "A message needs some text. Delete it instead.";
    else if (length > limit) problem.textContent = `This has ${length} characters (limit ${limit}).`;
    else if (next === text && !asking) close();
    else {
      for (const control of controls) control.disabled = true;
      try {
        await save(next, asking);
        close();
      } catch (error) {
        for (const control of controls) control.disabled = false;
        problem.textContent = asSentence(error instanceof Error ? error.message : "It could not be saved");
        area.focus();
      }
    }
  }

  function close() {
    editor.remove();
    entry.classList.remove("editing");
    onClose();
  }

  area.addEventListener("input", resize);
  area.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey) void finish(asks && (event.ctrlKey || event.metaKey));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  entry.classList.add("editing");
  said.after(editor);
  resize();
  area.focus();
  area.setSelectionRange(text.length, text.length);
}
