// @ts-check
// The list of people under an "@": a combobox, as the ARIA pattern says, for as long as it is open.

import { el } from "../dom.js";
import { modelAvatar, personAvatar } from "./avatar.js";
import { fitting, mentionAt, withName } from "./mention-rules.js";

/** @typedef {import("./mention-rules.js").Candidate} Candidate */

/**
 * @param {HTMLTextAreaElement} area
 * @param {HTMLElement} list  empty and hidden in the page
 * @param {object} options
 * @param {() => Candidate[]} options.people
 * @param {(text: string, caret: number) => void} options.onChoose
 */
export function bindMentionMenu(area, list, { people, onChoose }) {
  /** @type {Candidate[]} */
  let shown = [];
  let at = 0;
  let dismissed = -1; // the "@" that Escape was pressed at
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "People");

  function look() {
    const mention = area.selectionStart === area.selectionEnd ? mentionAt(area.value, area.selectionStart) : null;
    if (mention?.start !== dismissed) dismissed = -1;
    shown = mention && dismissed < 0 ? fitting(people(), mention.query) : [];
    if (shown.length === 1 && shown[0].name === mention?.query) shown = [];
    at = 0;
    show();
  }

  function show() {
    list.hidden = !shown.length;
    list.replaceChildren(...shown.map(createOption));
    if (!shown.length) {
      for (const name of ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-activedescendant"]) area.removeAttribute(name);
      return;
    }
    area.setAttribute("role", "combobox");
    area.setAttribute("aria-expanded", "true");
    area.setAttribute("aria-controls", list.id);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-activedescendant", `${list.id}-${at}`);
  }

  /** @param {Candidate} person @param {number} index */
  function createOption(person, index) {
    const face = person.id === "claude" ? modelAvatar() : personAvatar(person);
    const option = el("div", "mention-option", face, el("span", "mention-name", person.name), person.about ? el("span", "mention-about", person.about) : null);
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(index === at));
    option.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the text
    option.addEventListener("click", () => choose(person));
    return option;
  }

  /** @param {Candidate} person */
  function choose(person) {
    const mention = mentionAt(area.value, area.selectionStart);
    if (!mention) return;
    const { text, caret } = withName(area.value, mention.start, area.selectionStart, person.name);
    onChoose(text, caret);
    shown = [];
    show();
  }

  area.addEventListener("keydown", (event) => {
    if (!shown.length || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length;
      show();
    } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") choose(shown[at]);
    else if (event.key === "Escape") {
      dismissed = mentionAt(area.value, area.selectionStart)?.start ?? -1;
      shown = [];
      show();
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  area.addEventListener("input", look);
  area.addEventListener("click", look);
  area.addEventListener("keyup", ({ key }) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(key) && look());
  area.addEventListener("blur", () => {
    shown = [];
    show();
  });
}
