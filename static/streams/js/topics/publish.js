// @ts-check
// Publishing from the page.

import { byId } from "../dom.js";

/**
 * The text of the data field as JSON, or what is wrong with it.
 * @param {string} text
 * @returns {{ value: unknown } | { error: string }}
 */
export function readData(text) {
  if (!text.trim()) return { error: "Write some JSON: a number, a text in quotes, a list or an object." };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: `This is not JSON yet: ${error instanceof Error ? error.message : error}` };
  }
}

/**
 * @param {string} url
 * @param {{ type: "application/json" | "application/x-ndjson", body: string }} what  one event, or one a line
 * @param {{ fetch: typeof globalThis.fetch }} env
 * @returns {Promise<any>} the server's answer
 * @throws {Error} with the server's own words
 */
export async function post(url, { type, body }, { fetch }) {
  const token = document.querySelector("#publish input[name=csrfmiddlewaretoken]")?.getAttribute("value") ?? "";
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": type, Accept: "application/json", "X-CSRFToken": token },
    body,
    signal: AbortSignal.timeout(15_000),
  });
  const answer = await response.json().catch(() => null);
  if (response.status === 201) return answer;
  throw new Error(answer?.error?.message ?? `The server answered ${response.status}.`);
}

/** What to tell of an error of `post`. @param {unknown} error */
export const wordsOf = (error) =>
  error instanceof Error && error.name !== "TypeError" ? error.message : "The server could not be reached. Nothing was published.";

/**
 * @param {string} url
 * @param {{ fetch: typeof globalThis.fetch }} env
 */
export function bindPublishForm(url, { fetch }) {
  const form = byId("publish", HTMLFormElement);
  const type = byId("publish-type", HTMLInputElement);
  const data = byId("publish-data", HTMLTextAreaElement);
  const problem = byId("publish-problem", HTMLElement);
  const done = byId("publish-done", HTMLElement);
  const send = byId("publish-send", HTMLButtonElement);

  /** @param {string} text */
  function complain(text) {
    problem.textContent = text;
    data.setAttribute("aria-invalid", String(Boolean(text)));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    done.textContent = "";
    const read = readData(data.value);
    if ("error" in read) {
      complain(read.error);
      data.focus();
      return;
    }
    complain("");
    send.disabled = true;
    try {
      const name = type.value.trim();
      const body = JSON.stringify({ ...(name && { type: name }), data: read.value });
      const { id } = await post(url, { type: "application/json", body }, { fetch });
      done.textContent = `Published as ${id}`;
    } catch (error) {
      complain(wordsOf(error));
    } finally {
      send.disabled = false;
    }
  });
  send.disabled = false; // until now a click would have sent the form itself
  data.addEventListener("input", () => problem.textContent && "value" in readData(data.value) && complain(""));
  data.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
