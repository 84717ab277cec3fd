// @ts-check
// The forms of the page, sent without leaving it.

/**
 * @param {HTMLFormElement} form
 * @param {{ fetch: typeof globalThis.fetch }} env
 * @returns {Promise<import("./store.js").Job>}
 * @throws {Error} with the server's own words
 */
async function send(form, { fetch }) {
  const response = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(/** @type {any} */ (new FormData(form))),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw new Error(answer?.error?.message ?? `The server answered ${response.status}.`);
}

/** @param {unknown} error */
const wordsOf = (error) =>
  error instanceof Error && error.name === "Error" ? error.message : "No answer came. What became of it shows in the list, once the connection is back.";

/**
 * Let every form below `root`, and those that come later, tell `onJob` what the server made of it.
 * @param {HTMLElement} root
 * @param {object} on
 * @param {(form: HTMLFormElement) => string} on.onSend  what it answers is handed to `onJob`
 * @param {(job: import("./store.js").Job, form: HTMLFormElement, before: string) => void} on.onJob
 * @param {(problem: string, form: HTMLFormElement) => void} on.onProblem  empty: none any more
 * @param {{ fetch: typeof globalThis.fetch }} env
 */
export function bindForms(root, { onSend, onJob, onProblem }, env) {
  root.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    onProblem("", form);
    const before = onSend(form);
    try {
      onJob(await send(form, env), form, before);
    } catch (error) {
      onProblem(wordsOf(error), form);
    } finally {
      delete form.dataset.sending;
    }
  });
}
