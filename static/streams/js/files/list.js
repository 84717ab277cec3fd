// @ts-check
// The list of files on the page: what the server made of it, made again after a change; deleting with a second thought.

import { byId } from "../dom.js";
import { bindCopyButtons } from "../clipboard.js";
import { keepTimesFresh } from "../times.js";

/** @param {{ fetch: typeof globalThis.fetch, isMoving: (url: string) => boolean }} env  uploads that are shown elsewhere */
export function bindList({ fetch, isMoving }) {
  const section = byId("files", HTMLElement);
  const status = byId("files-status", HTMLElement);

  async function refresh() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!response?.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("files");
    if (!fresh) return;
    for (const button of fresh.querySelectorAll(".unfinished button[data-url]")) {
      if (isMoving(button.getAttribute("data-url") ?? "")) button.closest("li")?.remove();
    }
    for (const part of fresh.querySelectorAll(".unfinished")) if (!part.querySelector("li")) part.remove();
    section.replaceChildren(...fresh.children);
    keepTimesFresh(section, { clock: Date, setInterval: () => 0 });
    bindCopyButtons(section);
  }

  /** @param {HTMLButtonElement} button */
  async function remove(button) {
    const { name = "", url = "" } = button.dataset;
    const token = section.dataset.token ?? "";
    button.disabled = true;
    const headers = { "X-CSRFToken": token, Accept: "application/json", "Tus-Resumable": "1.0.0" };
    const response = await fetch(url, { method: "DELETE", headers }).catch(() => null);
    if (response?.ok || response?.status === 404) {
      status.textContent = `${name} is deleted.`;
      await refresh();
      section.querySelector("a, button, input")?.scrollIntoView({ block: "nearest" });
      return;
    }
    const answer = await response?.json().catch(() => null);
    button.disabled = false;
    status.textContent = answer?.error?.message ?? "No answer came: it may be deleted, or not.";
  }

  section.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-delete]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.dataset.asked) return void remove(button);
    const label = button.textContent ?? "";
    button.dataset.asked = "true"; // a second click within a moment means it
    button.textContent = "Really?";
    const calm = () => {
      delete button.dataset.asked;
      button.textContent = label;
    };
    setTimeout(calm, 4_000);
    button.addEventListener("blur", calm, { once: true });
  });
  return { refresh, say: (/** @type {string} */ text) => (status.textContent = text) };
}
