// @ts-check
// What passes in a room and is not kept: who is here, who is writing.

import { byId } from "../dom.js";
import { createPeopleView } from "./people-view.js";
import { readNamed } from "./items.js";
import { createTypists, typingLine } from "./typing.js";

/** @typedef {import("./types.js").Person} Person */

/**
 * @param {object} room
 * @param {{ onEvent: (listener: (envelope: import("../connection.js").Envelope) => void) => unknown }} room.client
 * @param {import("../connection.js").Clock} room.clock
 * @param {import("./types.js").Page} room.page
 * @param {() => Person | null} room.viewer
 * @param {string} room.base  the path of the room
 * @param {string} room.token  against forged posts
 * @param {((person: Person) => void) | null} room.mention
 * @param {ReturnType<typeof import("./hint.js").createHint>} room.hint
 */
export function createLive({ client, clock, page, viewer, base, token, mention, hint }) {
  const line = byId("typing", HTMLElement);
  const typists = createTypists({
    clock,
    onChange: (people) => (line.textContent = typingLine(people)),
  });
  const people = createPeopleView(byId("people", HTMLButtonElement), {
    viewer, mention,
    write: (person) => void writeTo(person),
    all: `${base}settings`,
  });
  people.set(page.present);

  client.onEvent(({ topic, type, data }) => {
    if (topic !== `${page.topic}:live`) return;
    if (type === "presence") people.set(data);
    if (type === "typing" && data?.person?.id && data.person.id !== viewer()?.id) typists.heard(readNamed(data.person));
  });

  /** Open the room of two. @param {Person} person */
  async function writeTo(person) {
    try {
      const response = await fetch("/rooms", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ kind: "direct", with: person.name }),
      });
      const body = await response.json().catch(() => null);
      if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
      window.location.assign(`/rooms/${body.slug}/`);
    } catch (error) {
      hint.fail(`The room of you two could not be opened. ${error instanceof Error ? error.message : ""}`);
    }
  }

  return {
    get people() { return people.people; },
    /** Who is here now. @param {any} data */
    present: people.set,
    /** They have said what they were writing. @param {Person} author */
    said: (author) => typists.forget(author.id),
  };
}
