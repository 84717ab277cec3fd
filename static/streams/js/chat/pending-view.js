// @ts-check
// A message on its way: what was written, and how that stands.

import { button, el } from "../dom.js";
import { asSentence } from "./generation-words.js";
import { createShell } from "./message-view.js";
import { toNodes, tokenize } from "./rich-text.js";

/** @typedef {import("./types.js").PendingMessage} PendingMessage */

/**
 * @typedef {object} PendingActions
 * @property {(client_id: string) => void} retry
 * @property {(client_id: string) => void} edit     put the text back into the composer
 * @property {(client_id: string) => void} discard
 */

/**
 * @param {PendingMessage} entry
 * @param {import("./types.js").Person} viewer
 * @param {PendingActions} actions
 */
export function pendingView(entry, viewer, actions) {
  const { article, said } = createShell(viewer, entry.time, true);
  said.append(toNodes(tokenize(entry.text)));
  said.hidden = !entry.text;
  if (entry.more?.files) said.after(el("ul", "attached", ...entry.more.files.map((name) => el("li", "file-chip", name))));
  article.classList.add("pending");
  const note = el("p", "delivery");
  article.append(note);
  /** @param {PendingMessage} now */
  const update = (now) => {
    article.dataset.status = now.status;
    note.replaceChildren();
    if (now.status === "unsent") note.append(now.error ? `Will be sent soon. ${asSentence(now.error.message)}` : "Will be sent when the connection is back.");
    else if (now.status === "failed") {
      const { client_id, error } = now;
      note.append(el("span", "", `Not sent. ${asSentence(error?.message ?? "The server refused it")}`));
      if (error?.retryable !== false) note.append(button("Try again", "link-button", () => actions.retry(client_id)));
      note.append(button("Edit", "link-button", () => actions.edit(client_id)));
      note.append(button("Discard", "link-button", () => actions.discard(client_id)));
    } else note.append(el("span", "sending", "Sending…"));
  };
  update(entry);
  return { element: article, update };
}
