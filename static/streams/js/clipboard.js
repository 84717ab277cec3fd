// @ts-check
// Copying text, also on plain http where the clipboard API is not given.

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether the text was copied
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * The older way, which needs no secure context.
 * @param {string} text
 */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
  return copied;
}

/**
 * Make `button` copy what `read` answers, and say so on its face for a moment.
 * @param {HTMLButtonElement} button
 * @param {() => string} read
 */
export function bindCopy(button, read) {
  const label = button.textContent ?? "Copy";
  let timer = 0;
  button.addEventListener("click", async () => {
    const copied = await copyText(read());
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    button.toggleAttribute("data-done", copied);
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      button.textContent = label;
      button.removeAttribute("data-done");
    }, 1600);
  });
}

/**
 * Wire each `<button data-copy="id">` to copy the text of the element with that id.
 * @param {ParentNode} root
 */
export function bindCopyButtons(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    if (!(button instanceof HTMLButtonElement)) continue;
    bindCopy(button, () => document.getElementById(button.dataset.copy ?? "")?.textContent?.trim() ?? "");
  }
}
