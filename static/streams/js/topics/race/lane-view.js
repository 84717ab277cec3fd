// @ts-check
// A lane on the page: a row of the table, written anew a few times a second where something has changed.

import { tellEpisode } from "../episode-words.js";
import { seqOf } from "../../position.js";
import { figureWords, laneState } from "./lane-words.js";
import { createStripView } from "./strip-view.js";

/** @typedef {ReturnType<typeof import("./runner.js").createRunner>} Runner */

const NO_STALL = "A page can't stop reading a WebSocket: the browser takes every frame from the network, wanted or not.";

/**
 * @param {HTMLElement} row  with `data-part`s and `data-figure`s, from the template
 * @param {Runner} runner
 * @param {{ now(): number }} clock
 */
export function createLaneView(row, runner, clock) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(`[data-part="${name}"]`));
  const figures = /** @type {HTMLElement[]} */ ([...row.querySelectorAll("[data-figure]")]);
  const strip = createStripView(/** @type {SVGElement} */ (row.querySelector("svg")), runner.strip);
  let explaining = false;

  const act = (/** @type {string} */ name, /** @type {() => void} */ run) =>
    row.querySelector(`[data-act="${name}"]`)?.addEventListener("click", () => {
      explaining = false;
      run();
      write();
    });
  act("cut", runner.cut);
  act("rewind", runner.rewind);
  act("stall", () => (runner.canStall ? runner.stall() : (explaining = true)));

  function write() {
    const now_ms = clock.now();
    const { state, word } = laneState(runner.state, runner.stalledUntil_ms - now_ms, now_ms);
    part("state").dataset.state = state;
    setText(part("state"), word);
    const note = part("note");
    setText(note, explaining ? NO_STALL : runner.episode ? tellEpisode(runner.episode, now_ms) : "");
    note.dataset.bad = String(!explaining && Boolean(runner.episode?.missed !== 0 || runner.episode?.lost) && Boolean(runner.episode));
    const known = runner.figures;
    /** @type {Record<string, string>} */
    const words = { ...(known && figureWords(known)), position: seqOf(runner.position)?.toLocaleString() ?? "–" };
    for (const figure of figures) setText(figure, words[figure.dataset.figure ?? ""] ?? "–");
  }

  return { name: row.dataset.name ?? "", write, draw: strip.draw };
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
