// @ts-check
// What a person can do with what was said: react, answer, edit, delete, copy; who may do what decides the server.

import { copyText } from "../clipboard.js";
import { withMention } from "./composer.js";
import { confirmInPage } from "./confirm.js";
import { openEmojiPicker } from "./emoji-picker.js";
import { asSentence } from "./generation-words.js";
import { openEditor } from "./message-editor.js";
import { firstWords } from "./message-words.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").MessageItem} MessageItem */

/** Whether a message is a question to the model. @param {string} text */
export const asksModel = (text) => withMention(text, "@claude") === text || /^\/demo\b/.test(text);

/**
 * @param {object} room
 * @param {(operation: object) => Promise<Record<string, any>>} room.ask
 * @param {() => import("./types.js").Person | null} room.viewer
 * @param {() => string | undefined} room.role
 * @param {() => Item[]} room.items
 * @param {(item: Item) => HTMLElement | undefined} room.element
 * @param {() => ReturnType<typeof import("./composer.js").createComposer> | null} room.composer
 * @param {() => void} room.focusComposer
 * @param {number} room.limit  characters of a message
 * @param {ReturnType<typeof import("./hint.js").createHint>} room.hint
 */
export function createMessageActions({ ask, viewer, role, items, element, composer, focusComposer, limit, hint }) {
  const isMine = (/** @type {Item} */ item) => item.kind === "message" && item.author.id === viewer()?.id;
  const mayTalk = () => composer()?.disabled === false;

  /** @param {object} operation @param {string} what  could not be done */
  async function perform(operation, what) {
    try {
      const { refused } = await ask(operation);
      if (refused) hint.fail(`${what}. ${asSentence(refused.message)}`);
    } catch (error) {
      hint.fail(`${what}. ${asSentence(error instanceof Error ? error.message : "")}`);
    }
  }

  /** @param {MessageItem} item @param {string} emoji @param {boolean} on */
  const react = (item, emoji, on) =>
    perform({ op: "react", message: item.seq, emoji, on }, on ? "Your reaction was not put there" : "Your reaction is still there");

  /** @param {MessageItem} item */
  function edit(item) {
    const entry = element(item);
    if (!entry || item.deleted) return;
    openEditor(entry, item.text, {
      limit,
      asks: asksModel(item.text),
      async save(text, again) {
        const { refused } = await ask({ op: "edit", message: item.seq, text, ...(again ? { again } : {}) });
        if (refused) hint.fail(`It was saved, but not asked again. ${asSentence(refused.message)}`);
      },
      onClose: focusComposer,
    });
  }

  /** @param {MessageItem} item */
  async function remove(item) {
    const sure = await confirmInPage({
      title: "Delete this message?",
      text: "It can't be brought back. The others see that something was deleted here.",
      quoted: firstWords(item.text),
      action: "Delete",
    });
    if (sure) await perform({ op: "delete", message: item.seq }, "The message was not deleted");
  }

  /** @param {Item} item */
  async function copyLink(item) {
    const { origin, pathname } = window.location;
    const copied = await copyText(`${origin}${pathname}#m${item.seq}`);
    hint.tell(copied ? "The link was copied." : "The link could not be copied.");
  }

  /** @param {Item} item */
  async function copyWords(item) {
    hint.tell((await copyText(item.text)) ? "The text was copied." : "The text could not be copied.");
  }

  /** @param {Item} item */
  const reply = (item) => composer()?.reply(item);

  /** @param {Item} item @returns {import("./menu.js").Choice[]} */
  function more(item) {
    const choices = [{ label: "Copy link", run: () => void copyLink(item) }];
    if (item.text) choices.unshift({ label: "Copy text", run: () => void copyWords(item) });
    if (item.kind !== "message" || item.deleted) return choices;
    if (isMine(item) && mayTalk()) choices.unshift({ label: "Edit", run: () => edit(item) });
    const mayDelete = isMine(item) || role() === "owner"; // one's own also while muted
    return mayDelete ? [...choices, { label: "Delete…", danger: true, run: () => void remove(item) }] : choices;
  }

  return {
    react,
    reply,
    /** @param {Item} item @returns {import("./entry-tools.js").EntryActions} */
    actionsFor(item) {
      const open = item.kind === "message" && !item.deleted;
      return {
        react: open && viewer() ? (anchor) => openEmojiPicker(anchor, (emoji) => void react(item, emoji, true)) : null,
        reply: mayTalk() && (open || item.kind === "generation") ? () => reply(item) : null,
        more: more(item),
      };
    },
    /** Edit that one, if it is the viewer's; else the last one that is. @param {Item | undefined} [item] */
    editThis(item) {
      const mine = (/** @type {Item | undefined} */ one) => one?.kind === "message" && isMine(one) && !one.deleted;
      const chosen = mine(item) ? item : [...items()].reverse().find(mine);
      if (chosen?.kind === "message" && mayTalk()) edit(chosen);
    },
  };
}
