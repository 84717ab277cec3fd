// @ts-check
// The race: four techniques read the same topic side by side, for as long as somebody looks.

import { createLeadership } from "../../leadership.js";
import { createAnnouncer } from "./announcer.js";
import { createLaneView } from "./lane-view.js";
import { LOADS, publishLoad } from "./load.js";
import { createRunner } from "./runner.js";
import { tellStanding } from "./standing.js";

const WRITE_MS = 250;
const CALM_MS = 1_000; // between drawings for those who asked for less motion
const HIDDEN_MS = 60_000; // after which the connections are given back

const ELSEWHERE = "Another tab has the race now. Over HTTP/1.1 a browser has six connections to a host, for all its tabs.";

/**
 * @param {HTMLDetailsElement} root
 * @param {object} options
 * @param {string} options.url
 * @param {string} options.publishUrl
 * @param {() => string} options.head  as far as the page itself has read
 * @param {import("../../connection.js").Clock} options.clock
 * @param {ReturnType<typeof import("../skew.js").createSkew>} options.skew
 * @param {typeof globalThis.fetch} options.fetch
 */
export function createRace(root, { url, publishUrl, head, clock, skew, fetch }) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`[data-race="${name}"]`));
  const announcer = createAnnouncer(part("announce"), clock);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let running = false;
  let drawn_ms = 0;
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let beating;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;

  const rows = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-lane]")]);
  const lanes = rows.map((row) => {
    const technique = /** @type {import("./runner.js").Technique} */ (row.dataset.lane);
    const runner = createRunner(technique, { url, clock, skew, onChange: () => announcer.tell(row.dataset.name ?? "", runner) });
    return { runner, view: createLaneView(row, runner, clock) };
  });
  const turn = createLeadership({
    locks: navigator.locks, name: `streams/race ${location.host}`, onLead: begin, onUnavailable: begin,
    onLose() {
      end();
      part("standing").textContent = ELSEWHERE;
    },
  });

  /** Without the race there is nothing to act on. @param {boolean} on */
  function allow(on) {
    for (const button of root.querySelectorAll("button")) button.disabled = !on;
  }

  function begin() {
    running = true;
    allow(true);
    for (const { runner } of lanes) runner.start(head());
    beat();
    draw(0);
  }

  function end() {
    running = false;
    allow(false);
    clock.clearTimeout(beating);
    cancelAnimationFrame(frame);
    for (const { runner } of lanes) runner.close();
    for (const { view } of lanes) view.write();
  }

  function beat() {
    for (const { view } of lanes) view.write();
    const runners = lanes.map(({ runner, view }) => ({
      name: view.name, position: runner.position, missed: runner.figures?.missed ?? 0, lost: runner.figures?.lost ?? 0,
    }));
    part("standing").textContent = tellStanding(runners, head());
    beating = clock.setTimeout(beat, WRITE_MS);
  }

  /** @param {number} now_ms */
  function draw(now_ms) {
    frame = requestAnimationFrame(draw);
    if (calm.matches && now_ms - drawn_ms < CALM_MS) return;
    drawn_ms = now_ms;
    for (const { view } of lanes) view.draw(!calm.matches);
  }

  const rest = () => running && lanes.forEach(({ runner }) => runner.rest());
  function look() {
    clock.clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = clock.setTimeout(rest, HIDDEN_MS);
    else if (running) for (const { runner } of lanes) runner.resume();
    else if (root.open) turn.take(); // the race is where one looks
  }
  document.addEventListener("visibilitychange", look);
  document.addEventListener("freeze", rest); // no timer runs any more
  document.addEventListener("resume", look);

  root.addEventListener("toggle", () => {
    if (root.open) turn.take();
    else {
      turn.leave();
      end();
    }
  });
  allow(false);
  if (root.open) turn.take();
  for (const act of /** @type {const} */ (["cut", "stall", "rewind"])) {
    part(`${act}-all`).addEventListener("click", () => lanes.forEach(({ runner }) => runner[act]()));
  }
  for (const load of Object.values(LOADS)) {
    const button = root.querySelector(`[data-load="${load.name}"]`);
    if (!(button instanceof HTMLButtonElement)) continue;
    button.addEventListener("click", async () => {
      button.disabled = true;
      await publishLoad(publishUrl, load, { fetch, clock, goesOn: () => running, onProgress: (text) => (part("published").textContent = text) });
      button.disabled = !running;
    });
  }
}
