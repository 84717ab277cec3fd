// @ts-check
// Files that go with the next message: chosen, dropped or pasted, they go up at once and stand as chips above the box.

import { el } from "../dom.js";
import { readJson, writeJson } from "../storage.js";
import { chipWords, nameIn, refusalOf, unreadable, urlOf } from "./attachment-rules.js";
import { iconButton } from "./icons.js";

const HEAD_BYTES = 65_536; // by which it is known whether anybody reads it

/** @typedef {import("./attachment-rules.js").Kept} Kept */
/** @typedef {{ file: { name: string, size: number }, url: string | null, element: HTMLElement, upload: Upload | null }} Chip */
/** @typedef {{ start(): void, cancel(): Promise<void> }} Upload */

/**
 * @param {object} parts
 * @param {HTMLElement} parts.list
 * @param {HTMLInputElement} parts.input
 * @param {HTMLButtonElement} parts.button
 * @param {HTMLTextAreaElement} parts.area
 * @param {object} options
 * @param {import("./attachment-rules.js").Limits} options.limits
 * @param {(file: File, onState: (state: import("../files/tus.js").State) => void) => Upload} options.createUpload
 * @param {(url: string) => void} options.discard  delete one that is at the server, and in no message
 * @param {Storage | null} options.storage  keeps them over a reload
 * @param {string} options.key
 * @param {(text: string) => void} options.tell
 */
export function createAttachments({ list, input, button, area }, { limits, createUpload, discard, storage, key, tell }) {
  /** @type {Chip[]} */
  let chips = [];
  let changed = () => {};

  function keep() {
    /** @type {Kept[]} */
    const kept = chips.flatMap(({ file, url }) => (url ? [{ name: file.name, size: file.size, url }] : []));
    writeJson(storage, key, kept.length ? kept : null);
    list.hidden = !chips.length;
    changed();
  }

  /** @param {Chip} chip */
  function drop(chip) {
    chips = chips.filter((other) => other !== chip);
    chip.element.remove();
    keep();
  }

  /** @param {{ name: string, size: number }} file @param {string | null} url */
  function place(file, url) {
    const words = el("span", "attached-words");
    const name = el("span", "attached-name", file.name);
    name.dir = "auto";
    const again = el("button", "link-button", "Try again");
    again.type = "button";
    again.addEventListener("click", () => chip.upload?.start());
    const remove = iconButton("close", `Remove ${file.name}`, () => {
      if (chip.url) discard(chip.url);
      else void chip.upload?.cancel();
      drop(chip);
      area.focus();
    });
    /** @type {Chip} */
    const chip = { file, url, element: el("li", "attached-file", name, words, again, remove), upload: null };
    /** @param {import("../files/tus.js").State} state */
    function show(state) {
      if (state.name === "done" && state.url) {
        chip.url = state.url;
        chip.file = { name: nameIn(state.url), size: file.size };
        name.textContent = chip.file.name;
        keep();
      }
      chip.element.dataset.state = state.name;
      words.textContent = chipWords(state, file.size);
      again.hidden = state.name !== "failed";
      if (state.name === "failed") tell(`${file.name}: ${state.words ?? "it could not be uploaded"}`);
    }
    show(url ? { name: "done", sent: file.size } : { name: "waiting", sent: 0 });
    chips.push(chip);
    list.append(chip.element);
    keep();
    return { chip, show };
  }

  /** @param {Iterable<File>} files */
  async function add(files) {
    for (const file of [...files]) {
      const head = await file.slice(0, HEAD_BYTES).arrayBuffer().catch(() => new ArrayBuffer(0));
      const refusal = refusalOf(file, chips.length, limits) ?? unreadable(file.name, new Uint8Array(head));
      if (refusal) {
        tell(refusal);
        continue;
      }
      const { chip, show } = place(file, null);
      chip.upload = createUpload(file, show);
      chip.upload.start();
    }
  }

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    void add(input.files ?? []);
    input.value = "";
    area.focus();
  });
  area.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    void add(event.clipboardData.files);
  });
  for (const { name, size, url } of readJson(storage, key, /** @type {Kept[]} */ ([]))) place({ name, size }, url);
  keep();

  return {
    add,
    /** Whether there is any. */
    carries: () => chips.length > 0,
    /** @param {() => void} run  whenever there are others */
    onChange(run) {
      changed = run;
      run();
    },
    /** Whether all have arrived; says so where they have not. */
    ready() {
      const missing = chips.find(({ url }) => !url);
      if (missing) tell(`${missing.file.name} is not there yet; the message goes when it is, or without it.`);
      return !missing;
    },
    /** What the message says of them; they are the message's from then on. */
    take() {
      const files = chips.map(({ file }) => file.name);
      for (const chip of [...chips]) drop(chip);
      return files.length ? { files } : {};
    },
    /** They come back from a message that was not sent. @param {string[]} names */
    put(names) {
      for (const name of names) place({ name, size: 0 }, urlOf(name));
    },
  };
}
