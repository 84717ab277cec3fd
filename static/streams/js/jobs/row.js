// @ts-check
// A job on the page: the row that the server wrote, or a new one of the same markup, kept as the job is.

import { el } from "../dom.js";
import { formatFull, formatRelative } from "../times.js";
import { createRate } from "./rate.js";
import { moves } from "./store.js";
import { leftWords, paramsOf, progressWords, rateWords, resultOf, statusWord, tookWords } from "./words.js";

/** @typedef {import("./store.js").Job} Job */

/**
 * @param {Job} job
 * @param {{ template: HTMLTemplateElement, defaults: Record<string, Record<string, unknown>>, clock: { now(): number } }} env
 */
export function createRow(job, { template, defaults, clock }) {
  const written = document.getElementById(`job-${job.id}`);
  const element = written ?? /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-part=${name}]`));
  const bar = /** @type {HTMLProgressElement} */ (part("bar"));
  const forms = /** @type {HTMLFormElement[]} */ ([...element.querySelectorAll("form[data-act]")]);
  const rate = createRate();
  let now = job;

  if (!written) {
    element.id = `job-${job.id}`;
    element.dataset.job = job.id;
    for (const form of forms) form.action = `${job.url}/${form.dataset.act}`;
  }
  write("title", job.title);
  write("cancels", ` ${job.title}`);
  write("retries", ` ${job.title}`);
  bar.setAttribute("aria-label", `Progress of ${job.title}`);
  part("params").replaceChildren(...paramsOf(job, defaults).map(fact));
  const time = part("time");
  time.setAttribute("datetime", job.created_at);
  time.title = formatFull(new Date(job.created_at));
  time.textContent = formatRelative(new Date(job.created_at), clock.now());

  /** @param {string} name @param {string} text */
  function write(name, text) {
    const where = part(name);
    if (where.textContent !== text) where.textContent = text;
  }

  function writeBar() {
    if (now.total !== null || !moves(now) || now.status === "queued") {
      bar.max = Math.max(1, now.total ?? 1);
      bar.value = now.total === null ? Number(now.status === "done") : now.total === 0 ? Number(now.status === "done") : now.done;
    } else bar.removeAttribute("value"); // nobody knows how far it is
  }

  function writeFacts() {
    const words = [progressWords(now)];
    if (now.status === "running") {
      const { per_s, left_s } = rate.figures(now.total, clock.now());
      if (per_s !== null) words.push(rateWords(per_s));
      if (left_s !== null) words.push(leftWords(left_s));
      if (now.attempts > 1) words.push(`run ${now.attempts}`);
    } else if (now.started_at && now.ended_at) words.push(tookWords(now.started_at, now.ended_at));
    part("facts").replaceChildren(...words.filter(Boolean).map((word) => el("span", "", word)));
  }

  function writeResult() {
    const { link, facts } = resultOf(now);
    const anchor = link ? el("a", "", link.text) : null;
    if (anchor && link) anchor.href = link.url;
    part("result").replaceChildren(...(anchor ? [anchor] : []), ...facts.map(fact));
  }

  return {
    element,
    /** Write again what changes with the time alone. */
    tick: () => now.status === "running" && writeFacts(),
    /** @param {Job} next */
    update(next) {
      if (next.status === "running") rate.add(next.done, clock.now());
      now = next;
      element.dataset.status = next.status;
      write("status", statusWord(next));
      writeBar();
      writeFacts();
      writeResult();
      write("error", next.error?.message ?? "");
      part("error").hidden = !next.error;
      for (const form of forms) {
        const may = form.dataset.act === "cancel" ? moves(next) && !next.cancelling : !moves(next) && next.status !== "done";
        if (!may && form.contains(document.activeElement)) element.querySelector("h3")?.focus();
        form.hidden = !may;
      }
    },
  };
}

/** @param {[name: string, value: string]} fact */
const fact = ([name, value]) => el("span", "", name && el("span", "job-word", name), name && " ", value);
