// @ts-check
// What a change of the room does to its page.

import { byId } from "../dom.js";
import { announcementFor } from "./announcer.js";
import { partLine } from "./member-words.js";
import { whenMuteEnds } from "./mute.js";

/** @typedef {import("./room-store.js").Change} Change */
/** @typedef {import("./types.js").Item} Item */

/**
 * The parts are asked for when a change comes: they know each other by then.
 * @param {object} room
 * @param {() => import("./types.js").Person | null} room.viewer
 * @param {import("./types.js").Page} room.page
 * @param {{ now(): number }} room.clock
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {ReturnType<typeof import("./hint.js").createHint>} room.hint
 * @param {() => {
 *   log: ReturnType<typeof import("./log-view.js").createLogView>,
 *   reading: ReturnType<typeof import("./reading.js").createReading>,
 *   sending: ReturnType<typeof import("./sending.js").createSending>,
 *   live: ReturnType<typeof import("./live.js").createLive>,
 *   head: ReturnType<typeof import("./room-head.js").bindRoomHead>,
 *   answers: ReturnType<typeof import("./answers.js").createAnswers>,
 *   composer: ReturnType<typeof import("./writing.js").openComposer>,
 *   extras: ReturnType<typeof import("./message-extras.js").createExtras> }} room.parts
 * @returns {(change: Change) => void}
 */
export function createShowing({ viewer, page, clock, store, hint, parts }) {
  const readAgain = () => window.location.reload(); // the server writes the box to write in
  whenMuteEnds(page.muted_until, clock, readAgain);

  /** @param {string} line @param {any} data of the event `member` */
  function partChanged(line, data) {
    const { composer } = parts();
    const mayTalk = ["owner", "member"].includes(data.role) && !(Date.parse(data.muted_until ?? "") > clock.now());
    if (mayTalk && (!composer || composer.disabled)) return readAgain();
    page.role = data.role;
    if (!mayTalk) {
      composer?.disable(line);
      whenMuteEnds(data.muted_until, clock, readAgain);
    }
    hint.fail(line);
  }

  /** @param {Change} change */
  return (change) => {
    const { log, reading, sending, live, head, answers, extras } = parts();
    if (change.kind === "added" || change.kind === "beyond") {
      const { item } = change;
      sending.heard(item, viewer()?.id);
      if (item.kind === "message") live.said(item.author);
      if (change.kind === "added") log.append(store.items);
      reading.added(item);
    } else if (change.kind === "message") log.changed(change.item);
    else if (change.kind === "room") {
      head.changed(change.data);
      extras.changed(change.data);
    } else if (change.kind === "member") {
      const line = partLine(change.data, viewer()?.id, clock.now());
      if (line) partChanged(line, change.data);
    } else log.answer(change.item)?.apply(change);
    answers.after(change);
    reading.moved();
    const told = announcementFor(change, viewer()?.id, answers.reader);
    if (told) byId(told.urgent ? "alert" : "announce", HTMLElement).textContent = told.text;
  };
}
