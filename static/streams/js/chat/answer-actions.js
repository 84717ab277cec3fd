// @ts-check
// What a person can do with an answer; who may do what the server decides, and here only what is offered. No DOM.

import { isOpen } from "./versions.js";

/** @typedef {import("./types.js").GenerationItem} GenerationItem */

/**
 * Each of them rejects with words for a person where it was refused.
 * @typedef {object} AnswerActions
 * @property {(item: GenerationItem) => boolean} mayStop
 * @property {() => boolean} mayAsk
 * @property {(item: GenerationItem) => Promise<void>} stop  fulfilled when the end is in the log
 * @property {(item: GenerationItem) => Promise<void>} regenerate
 * @property {(item: GenerationItem) => Promise<void>} goOn
 * @property {(item: GenerationItem, version: { generation: string, status: string }) => Promise<void>} show
 */

const GO_ON = "@claude go on";

/**
 * @param {object} room
 * @param {(operation: object) => Promise<Record<string, any>>} room.ask
 * @param {() => import("./types.js").Person | null} room.viewer
 * @param {() => string | undefined} room.role
 * @param {() => boolean} room.mayTalk
 * @param {() => GenerationItem[]} room.open  the answers that have not ended
 * @param {(text: string) => void} room.say
 * @param {(generation: string) => Promise<void>} room.show  on this page alone
 * @param {() => string} room.createId
 * @param {() => string | undefined} room.model  that was picked for the next question
 * @returns {AnswerActions & { stopOwn: () => Promise<boolean>, own: () => GenerationItem | undefined }}
 */
export function createAnswerActions({ ask, viewer, role, mayTalk, open, say, show, createId, model }) {
  /** @type {Map<string, string>} the ids under which versions were asked for and not yet acknowledged */
  const askedAs = new Map();
  const commands = (/** @type {GenerationItem} */ item) => role() === "owner" || (viewer() !== null && item.asked_by.id === viewer()?.id);
  const stop = async (/** @type {GenerationItem} */ item) => void (await ask({ op: "stop", generation: item.generation }));
  const own = () => {
    const mine = open().filter((item) => item.asked_by.id === viewer()?.id);
    return mine.find((item) => item.status !== "queued") ?? mine.at(-1);
  };

  return {
    mayStop: (item) => isOpen(item) && mayTalk() && commands(item),
    mayAsk: mayTalk,
    stop,
    async regenerate({ generation }) {
      const client_id = askedAs.get(generation) ?? createId();
      askedAs.set(generation, client_id);
      await ask({ op: "regenerate", generation, client_id, ...(model() ? { model: model() } : {}) });
      askedAs.delete(generation);
    },
    async goOn() {
      say(GO_ON);
    },
    async show(item, { generation, status }) {
      const chooses = commands(item) && mayTalk() && !isOpen({ status });
      await show(generation);
      if (chooses) await ask({ op: "choose", generation });
    },
    own,
    /** Stop the viewer's own answer: the one that is written, else the last that waits. @returns {Promise<boolean>} whether there was one */
    async stopOwn() {
      const item = own();
      if (item) await stop(item);
      return item !== undefined;
    },
  };
}
