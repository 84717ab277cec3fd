// @ts-check
// Where attached files go: into the room's files, by the same uploads as those of the files page.

import { byId } from "../dom.js";
import { createUpload } from "../files/tus.js";
import { openStorage } from "../storage.js";
import { createAttachments } from "./attachments.js";

/**
 * The files of the next message; null where this person may add none.
 * @param {object} room
 * @param {string} room.slug
 * @param {(what: string) => string} room.key  of the storage
 * @param {(text: string) => void} room.tell
 * @param {typeof globalThis.fetch} room.fetch
 * @param {import("../connection.js").Clock} room.clock
 */
export function bindAttaching({ slug, key, tell, fetch, clock }) {
  const button = document.getElementById("attach");
  if (!(button instanceof HTMLButtonElement)) return null;
  const form = byId("composer", HTMLFormElement);
  const { endpoint = "", files, imageBytes, textChars } = button.dataset;
  const token = form.querySelector("input[name=csrfmiddlewaretoken]")?.getAttribute("value") ?? "";
  const headers = { "X-CSRFToken": token };
  const attachments = createAttachments(
    {
      button,
      list: byId("attached", HTMLElement),
      input: byId("attach-input", HTMLInputElement),
      area: byId("message", HTMLTextAreaElement),
    },
    {
      limits: { files: Number(files), image_bytes: Number(imageBytes), text_chars: Number(textChars) },
      createUpload: (file, onState) =>
        createUpload(file, { endpoint, metadata: { room: slug }, headers: () => headers, onState, fetch, clock, random: Math.random }),
      discard: (url) => void fetch(url, { method: "DELETE", headers: { ...headers, Accept: "application/json" } }).catch(() => null),
      storage: openStorage("localStorage"),
      key: key("attached"),
      tell,
    },
  );
  bindDropping(byId("main", HTMLElement), form, attachments.add);
  return attachments;
}

/**
 * @param {HTMLElement} place  where files may be let go
 * @param {HTMLElement} sign   shows it
 * @param {(files: File[]) => unknown} add
 */
function bindDropping(place, sign, add) {
  const carries = (/** @type {DragEvent} */ event) => Boolean(event.dataTransfer?.types.includes("Files"));
  for (const name of /** @type {const} */ (["dragenter", "dragover"])) {
    place.addEventListener(name, (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      sign.dataset.over = "true";
    });
  }
  place.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node) || !place.contains(event.relatedTarget)) delete sign.dataset.over;
  });
  place.addEventListener("drop", (event) => {
    delete sign.dataset.over;
    if (!carries(event)) return;
    event.preventDefault();
    add([...(event.dataTransfer?.files ?? [])].filter(({ size, type }) => size || type)); // a folder has neither
  });
}
