// @ts-check
// What goes with a message beside its words: the files that are attached, the model that is chosen.

import { byId } from "../dom.js";
import { openStorage } from "../storage.js";
import { bindAttaching } from "./attaching.js";
import { createModelPicker, loadModels } from "./model-picker.js";

/**
 * @param {object} room
 * @param {import("./types.js").Page} room.page
 * @param {(what: string) => string} room.key  of the storage
 * @param {(text: string) => void} room.tell
 * @param {typeof globalThis.fetch} room.fetch
 * @param {import("../connection.js").Clock} room.clock
 */
export function createExtras({ page, key, tell, fetch, clock }) {
  const box = document.getElementById("models");
  const attachments = bindAttaching({ slug: page.room.slug, key, tell, fetch, clock });
  let roomModel = box?.dataset.room ?? "";
  const picker = box && createModelPicker(
    { box, select: byId("model", HTMLSelectElement), why: byId("model-why", HTMLButtonElement) },
    {
      load: () => loadModels(fetch, box.dataset.url ?? ""),
      roomModel: () => roomModel,
      storage: openStorage("localStorage"),
      key: key("model"),
      tell,
    },
  );
  void picker?.open();

  return {
    /** Whether all of it can be sent; tells why not. */
    ready: () => attachments?.ready() ?? true,
    /** Whether a message can go without words. */
    carries: () => attachments?.carries() ?? false,
    /** @param {() => void} run  whenever that may have changed */
    onChange: (run) => attachments?.onChange(run),
    /** The fields of the message that is sent now. */
    take: () => ({ ...attachments?.take(), ...picker?.more }),
    /** @param {string[]} files  of a message that was not sent */
    putBack: (files) => attachments?.put(files),
    /** The model that is chosen here. @returns {string | undefined} */
    model: () => picker?.more.model,
    /** The room is another one now. @param {{ model?: unknown }} data  of `room.changed` */
    changed(data) {
      if (typeof data.model !== "string") return;
      roomModel = data.model;
      picker?.changed();
    },
  };
}
