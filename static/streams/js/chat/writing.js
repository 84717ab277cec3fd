// @ts-check
// Writing in a room: the box, its menu of people, what the others see of it, and where it goes.

import { byId } from "../dom.js";
import { openStorage } from "../storage.js";
import { inLocalTime } from "./generation-words.js";
import { createComposer } from "./composer.js";
import { bindMentionMenu } from "./mention-menu.js";
import { createTypingSignal } from "./typing.js";

/** @typedef {import("./types.js").Person} Person */
/** @typedef {import("./mention-rules.js").Candidate} Candidate */

/**
 * Who may be meant: the model, those who are here, those who have spoken of late; each once.
 * @param {string} about  the model, in a word
 * @param {{ id: string, name: string }[]} present
 * @param {import("./types.js").Item[]} items
 * @returns {Candidate[]}
 */
export function candidates(about, present, items) {
  const authors = [...items].reverse().flatMap((item) => (item.kind === "message" ? [item.author] : []));
  /** @type {Map<string, Candidate>} */
  const known = new Map();
  for (const { id, name } of [...present, ...authors]) if (!known.has(id)) known.set(id, { id, name });
  return [{ id: "claude", name: "claude", about }, ...known.values()];
}

/**
 * The composer; null where this person may not write.
 * @param {object} room
 * @param {{ send: (operation: object) => unknown }} room.client
 * @param {import("../connection.js").Clock} room.clock
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {(text: string, more: object) => unknown} room.say
 * @param {(what: string) => string} room.key  of the storage
 * @param {number} room.limit
 * @param {() => Person[]} room.people
 * @param {ReturnType<typeof import("./message-extras.js").createExtras>} room.extras
 * @param {() => void} room.onSent
 * @param {() => void} room.onEditLast
 */
export function openComposer({ client, clock, store, say, key, limit, people, extras, onSent, onEditLast }) {
  if (!(document.getElementById("composer") instanceof HTMLFormElement)) {
    const silenced = document.getElementById("silenced");
    if (silenced) silenced.textContent = inLocalTime(silenced.textContent ?? "", new Date(clock.now()).toISOString());
    return null;
  }
  byId("composer", HTMLFormElement).hidden = false;
  const area = byId("message", HTMLTextAreaElement);
  const mention = byId("mention", HTMLButtonElement);
  const typing = createTypingSignal({ clock, send: () => void client.send({ op: "typing", ref: 0 }) });
  const composer = createComposer(
    {
      form: byId("composer", HTMLFormElement), area, mention, counter: byId("counter", HTMLElement),
      send: byId("send", HTMLButtonElement), replying: byId("replying", HTMLElement),
    },
    {
      limit, onEditLast,
      storage: openStorage("localStorage"),
      key: key("draft"),
      ready: extras.ready,
      carries: extras.carries,
      onWrite: typing.wrote,
      onSend(text, more) {
        typing.done();
        void say(text, { ...more, ...extras.take() });
        onSent();
      },
    },
  );
  extras.onChange(composer.refresh);
  bindMentionMenu(area, byId("mentions", HTMLElement), {
    people: () => candidates(mention.dataset.about ?? "", people(), store.items),
    onChoose: composer.set,
  });
  for (const chip of document.querySelectorAll("button[data-suggest]")) {
    chip.addEventListener("click", () => composer.set(/** @type {HTMLElement} */ (chip).dataset.suggest ?? ""));
  }
  return Object.assign(composer, {
    /** Begin a word to somebody. */
    mention: (/** @type {{ name: string }} */ { name }) => composer.set(`${area.value ? `${area.value.trimEnd()} ` : ""}@${name} `),
  });
}
