// @ts-check
// What this person has said and the room has not heard yet: its outbox, and its place under the log.

import { isAfter } from "../position.js";
import { openStorage } from "../storage.js";
import { asSentence } from "./generation-words.js";
import { createOutbox } from "./outbox.js";

/** @typedef {import("./types.js").Item} Item */

/**
 * @param {object} room
 * @param {{ ask: (operation: object) => Promise<Record<string, any>> }} room.client
 * @param {import("../connection.js").Clock} room.clock
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {() => ReturnType<typeof import("./log-view.js").createLogView>} room.log
 * @param {() => string} room.createId
 * @param {string} room.key  of the storage
 * @param {ReturnType<typeof import("./hint.js").createHint>} room.hint
 * @param {() => void} room.onChange
 * @param {(text: string, files: string[]) => void} room.edit  write it anew
 */
export function createSending({ client, clock, store, log, createId, key, hint, onChange, edit }) {
  const outbox = createOutbox({
    async ask(request) {
      const { id, refused } = await client.ask(request);
      if (refused) hint.fail(`No answer was begun. ${asSentence(refused.message)}`);
      return id;
    },
    isPast: (id) => !isAfter(id, store.position),
    createId, clock, key,
    random: Math.random,
    storage: openStorage("localStorage"),
    onChange(entry, client_id) {
      log().setPending(entry, client_id);
      onChange();
    },
  });

  return {
    add: outbox.add,
    flush: outbox.flush,
    /** It is in the log. @param {Item} item @param {string | undefined} me  the viewer's id */
    heard(item, me) {
      if (item.kind === "message" && item.author.id === me) outbox.remove(item.client_id);
    },
    /** Show what an earlier page left, but for what the log has by now. */
    restore() {
      const said = new Set(store.items.map((item) => (item.kind === "message" ? item.client_id : undefined)));
      for (const entry of outbox.entries) {
        if (said.has(entry.client_id)) outbox.remove(entry.client_id);
        else log().setPending(entry, entry.client_id);
      }
    },
    /** @type {import("./pending-view.js").PendingActions} */
    actions: {
      retry: (client_id) => void outbox.retry(client_id),
      discard: outbox.remove,
      edit(client_id) {
        const entry = outbox.entries.find((other) => other.client_id === client_id);
        outbox.remove(client_id);
        if (entry) edit(entry.text, entry.more?.files ?? []);
      },
    },
  };
}
