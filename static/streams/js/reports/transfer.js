// @ts-check
// The download: into a file of the person's choice where the browser can, and there it tells how far it is; elsewhere
// the browser's own download, which shows itself. Never into memory: a report may have millions of rows.

import { save, tellProgress } from "./download.js";
import { firstRows, Refusal } from "./preview.js";

const UNREACHED = "The server can't be reached. Try again.";
const BROKEN = "The report broke off, and the file is not whole. Try again.";
const LEFT = "Cancelled: no file was kept.";

/**
 * @param {object} parts
 * @param {typeof globalThis.fetch} parts.fetch
 * @param {(text: string, state?: "" | "done") => void} parts.say
 * @param {(text?: string) => void} parts.fail
 * @param {HTMLButtonElement} parts.cancel
 * @param {HTMLButtonElement} parts.download
 */
export function createTransfer({ fetch, say, fail, cancel, download }) {
  let controller = new AbortController();
  cancel.addEventListener("click", () => controller.abort());

  /** @param {boolean} busy */
  function show(busy) {
    download.disabled = busy;
    cancel.hidden = !busy;
    if (busy) cancel.focus();
    else if (document.activeElement === document.body) download.focus();
  }

  /** @param {string} url @param {string} format @param {FileSystemFileHandle} handle */
  async function intoFile(url, format, handle) {
    controller = new AbortController();
    const { signal } = controller;
    let begun = false;
    show(true);
    say("Begins…");
    try {
      const onProgress = (/** @type {import("./download.js").Progress} */ progress) => {
        begun = true;
        say(tellProgress(progress));
      };
      const whole = await save(url, await handle.createWritable(), { format, fetch, signal, onProgress });
      say(`Done: ${tellProgress(whole)}.`, "done");
    } catch (error) {
      say(signal.aborted ? LEFT : "");
      if (!signal.aborted) fail(error instanceof Refusal ? error.message : begun ? BROKEN : UNREACHED);
    } finally {
      show(false);
    }
  }

  /** The browser leaves this page for an error: so it is asked first. @param {string} url @param {string} lines */
  async function byBrowser(url, lines) {
    try {
      await firstRows(lines, 0, { fetch }, new AbortController().signal);
    } catch (error) {
      return fail(error instanceof Refusal ? error.message : UNREACHED);
    }
    window.location.assign(url);
    say("It is under way: your browser shows how far.");
  }

  return {
    /** @param {string} url @param {{ format: string, lines: string, name: string }} report lines: the same as NDJSON */
    async start(url, { format, lines, name }) {
      fail();
      say("");
      const pick = /** @type {any} */ (window).showSaveFilePicker;
      if (!pick) return byBrowser(url, lines);
      const suggestedName = `${name}-${new Date().toISOString().slice(0, 10)}.${format}`;
      const handle = await pick.call(window, { suggestedName }).catch(() => null);
      if (handle) await intoFile(url, format, handle);
    },
  };
}
