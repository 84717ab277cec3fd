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

/** What to tell of an error of `post`: without an answer nobody knows what became of it. @param {unknown} error */
export const wordsOf = (error) =>
  error instanceof Error && error.name === "Error" ? error.message : "No answer came: it may have been published, or not.";

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
  /** @type {{ body: string, key: string } | null} what got no answer: tried again it is the same event */
  let unanswered = null;

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
    const focused = document.activeElement;
    send.disabled = true;
    const name = type.value.trim();
    const entry = { ...(name && { type: name }), data: read.value };
    const body = JSON.stringify(entry);
    const key = unanswered?.body === body ? unanswered.key : crypto.getRandomValues(new Uint32Array(4)).join("-");
    try {
      const { id } = await post(url, { type: "application/json", body: JSON.stringify({ ...entry, key }) }, { fetch });
      unanswered = null;
      done.textContent = `Published as ${id}`;
    } catch (error) {
      const answered = error instanceof Error && error.name === "Error";
      unanswered = answered ? null : { body, key };
      complain(answered ? wordsOf(error) : `${wordsOf(error)} Publish again: it will not be there twice.`);
    } finally {
      send.disabled = false;
      if (focused === send) send.focus();
    }
  });
  send.disabled = false; // until now a click would have sent the form itself
  data.addEventListener("input", () => problem.textContent && "value" in readData(data.value) && complain(""));
  data.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
