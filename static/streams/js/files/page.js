// @ts-check
// The files page: files that are chosen, dropped or pasted go up; the list is kept true.

import { browserClock } from "../connection.js";
import { byId } from "../dom.js";
import { openStorage } from "../storage.js";
import { bindList } from "./list.js";
import { createQueue } from "./queue.js";
import { remembered } from "./remembered.js";
import { createUpload } from "./tus.js";
import { createUploadView } from "./upload-view.js";

/** @type {Set<string>} where the uploads of this page go */
const moving = new Set();
const list = bindList({ fetch: globalThis.fetch.bind(globalThis), isMoving: (url) => moving.has(url) });
const form = document.getElementById("upload-form");
if (form instanceof HTMLFormElement) bindUploads(form);

/** @param {HTMLFormElement} form */
function bindUploads(form) {
  const input = byId("upload-input", HTMLInputElement);
  const visibility = byId("upload-visibility", HTMLSelectElement);
  const drop = byId("upload-drop", HTMLElement);
  const rows = byId("upload-rows", HTMLUListElement);
  const problem = byId("upload-problem", HTMLElement);
  const most = Number(form.dataset.maxBytes);
  const queue = createQueue();
  const storage = openStorage("localStorage");
  const clock = { ...browserClock, now: () => performance.now() };
  const token = form.querySelector("input[name=csrfmiddlewaretoken]")?.getAttribute("value") ?? "";

  /** @param {File} file */
  function add(file) {
    if (file.size > most) {
      problem.textContent = `${file.name} is larger than ${form.dataset.maxWords}, the most that is taken here.`;
      return;
    }
    const memory = remembered(file, { storage, who: form.dataset.who ?? "" });
    const view = createUploadView(file, { clock, act });
    /** @type {string | null} */
    let url = null;

    /** @param {string | null} next */
    function follow(next) {
      if (url !== null) moving.delete(url);
      if (next !== null) moving.add(next);
      url = next;
    }

    follow(memory.url);
    const upload = createUpload(file, {
      endpoint: form.dataset.endpoint ?? "",
      metadata: { visibility: visibility.value },
      headers: () => ({ "X-CSRFToken": token }),
      url: memory.url,
      onUrl: (next) => (memory.keep(next), follow(next)),
      onState,
      fetch: globalThis.fetch.bind(globalThis),
      clock,
      random: Math.random,
    });

    /** @param {import("./tus.js").State} state */
    function onState(state) {
      const before = view.element.dataset.state;
      view.show(state);
      queue.next();
      if (state.name === before) return;
      if (state.name === "done") void list.refresh();
      if (state.name === "done" || state.name === "failed") list.say(`${file.name}: ${state.words ?? "uploaded"}`);
    }

    /** @param {"start" | "pause" | "cancel" | "forget"} what */
    function act(what) {
      if (what === "start") upload.start();
      else if (what === "pause") upload.pause();
      else {
        if (what === "cancel") void upload.cancel().then(list.refresh);
        queue.remove(upload);
        view.element.remove();
        input.focus();
      }
    }

    view.show({ name: "waiting", sent: 0 });
    rows.append(view.element);
    queue.add(upload);
  }

  /** @param {Iterable<File>} files */
  function addAll(files) {
    problem.textContent = "";
    for (const file of [...files]) add(file);
  }

  input.addEventListener("change", () => {
    addAll(input.files ?? []);
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!(event instanceof DragEvent) || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.dataset.over = "true";
    });
  }
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && delete drop.dataset.over);
  document.addEventListener("drop", (event) => {
    delete drop.dataset.over;
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    addAll(filesIn(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => addAll(event.clipboardData?.files ?? []));
  window.addEventListener("beforeunload", (event) => queue.unfinished && event.preventDefault());
  window.addEventListener("online", queue.next);
  form.addEventListener("submit", (event) => event.preventDefault());
}

/** What was dropped, without folders: their bytes can't be read. @param {DataTransfer} transfer */
function filesIn(transfer) {
  const folders = new Set([...transfer.items].map((item, at) => (item.webkitGetAsEntry?.()?.isDirectory ? at : -1)));
  return [...transfer.files].filter((_, at) => !folders.has(at));
}
