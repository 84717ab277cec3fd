// @ts-check
// Who is here: a few faces in the head of the room, all of them by name behind the button.

import { el } from "../dom.js";
import { personAvatar } from "./avatar.js";
import { openPopover } from "./popover.js";

/** @typedef {import("./types.js").Person} Person */
/** @typedef {{ people: Person[], count: number }} Presence */

const FACES = 4;

/** "1 person here", "5 people here". @param {number} count */
export const countLine = (count) => (count === 1 ? "1 person here" : `${count} people here`);

/**
 * @param {HTMLButtonElement} button
 * @param {object} options
 * @param {() => Person | null} options.viewer
 * @param {((person: Person) => void) | null} options.mention  null where one may not write
 * @param {(person: Person) => void} options.write  to them alone
 * @param {string | null} options.all  where all members are listed
 */
export function createPeopleView(button, { viewer, mention, write, all }) {
  /** @type {Presence} */
  let present = { people: [], count: 0 };
  /** @type {HTMLElement | null} */
  let open = null;

  function show() {
    const { people, count } = present;
    button.hidden = count === 0;
    const faces = people.slice(0, count > FACES ? FACES - 1 : FACES).map(personAvatar);
    const rest = count > faces.length ? el("span", "avatar rest", `+${count - faces.length}`) : null;
    rest?.setAttribute("aria-hidden", "true");
    if (open) fill(open);
    button.replaceChildren(el("span", "faces", ...faces, rest), el("span", "people-count", countLine(count)));
  }

  button.addEventListener("click", () => {
    const panel = el("div", "panel people-panel");
    panel.setAttribute("role", "dialog");
    fill(panel);
    open = panel;
    openPopover(button, panel, { focus: panel.querySelector("button, a"), onClose: () => (open = null) });
  });

  /** Who is here by now; the focus stays where it was. @param {HTMLElement} panel */
  function fill(panel) {
    const { people, count } = present;
    const focused = panel.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : undefined;
    panel.setAttribute("aria-label", countLine(count));
    const list = el("ul", "people-list", ...people.map((person) => row(person, () => panel.hidePopover())));
    panel.replaceChildren(el("h2", "", countLine(count)), list);
    if (count > people.length) panel.append(el("p", "muted", `and ${count - people.length} more`));
    if (all) {
      const link = el("a", "", "All people of this room");
      link.href = all;
      panel.append(link);
    }
    if (focused === undefined) return;
    const controls = /** @type {HTMLElement[]} */ ([...panel.querySelectorAll("button, a")]);
    (controls.find((control) => control.getAttribute("aria-label") === focused) ?? controls[0])?.focus({ preventScroll: true });
  }

  /** @param {Person} person @param {() => void} close */
  function row(person, close) {
    const me = viewer();
    const name = el("span", "person-name", person.name);
    name.dir = "auto";
    const act = (/** @type {string} */ label, /** @type {(person: Person) => void} */ run) => {
      const button = el("button", "button small", label);
      button.type = "button";
      button.setAttribute("aria-label", `${label} ${person.name}`);
      button.addEventListener("click", () => {
        close();
        run(person);
      });
      return button;
    };
    if (person.id === me?.id) return el("li", "", personAvatar(person), name, el("span", "badge", "you"));
    const both = me?.kind === "user" && person.kind === "user";
    return el("li", "", personAvatar(person), name, mention && act("Mention", mention), both && act("Message", write));
  }

  show();
  return {
    /** @param {any} data of the event */
    set(data) {
      const people = Array.isArray(data?.people) ? data.people : [];
      present = { people, count: Math.max(Number(data?.count) || 0, people.length) };
      show();
    },
    get people() { return present.people; },
  };
}
