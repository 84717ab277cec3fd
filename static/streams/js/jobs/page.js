// @ts-check
// The page of jobs: started here or elsewhere, watched as they go.

import { createConnectionView } from "../connection-view.js";
import { browserClock } from "../connection.js";
import { byId, readPageData } from "../dom.js";
import { bindForms } from "./forms.js";
import { createLive } from "./live.js";
import { createRow } from "./row.js";
import { createStore, moves } from "./store.js";
import { spoken } from "./words.js";

/** @typedef {import("./store.js").Job} Job */

const clock = browserClock;
const page = readPageData("live");
const list = byId("jobs", HTMLElement);
const template = byId("job-template", HTMLTemplateElement);
const store = createStore(page.jobs);
/** @type {Map<string, ReturnType<typeof createRow>>} */
const rows = new Map();

/** @param {Job} job */
function show(job) {
  let row = rows.get(job.id);
  if (!row) {
    rows.set(job.id, (row = createRow(job, { template, defaults: page.defaults, clock })));
    if (!row.element.isConnected) list.prepend(row.element);
    byId("no-jobs", HTMLElement).hidden = true;
  }
  const { status = "" } = row.element.dataset;
  row.update(job);
  if (status && status !== job.status && !moves(job)) byId("happened", HTMLElement).textContent = spoken(job);
}

/** @param {Job | null} job */
function changed(job) {
  if (!job) return;
  show(job);
  follow();
}

const follow = () => void (byId("state", HTMLElement).hidden = !live.follow(store.jobs));

const live = createLive({
  own: page.own,
  jobs: page.jobs,
  positions: page.positions,
  group: page.reader,
  onEvent: (envelope) => changed(store.take(envelope)),
  onState: (state) => connection.show(state),
});
const connection = createConnectionView(
  {
    word: byId("state", HTMLElement), bar: byId("trouble", HTMLElement), sentence: byId("trouble-text", HTMLElement),
    retry: byId("try-now", HTMLButtonElement), spoken: byId("announce", HTMLElement), signIn: document.getElementById("sign-in"),
  },
  live.retry,
  { clock, setInterval: window.setInterval.bind(window) },
);

/** @param {HTMLFormElement} form */
const rowOf = (form) => /** @type {HTMLElement | null} */ (form.closest("[data-job]"));
bindForms(
  byId("main", HTMLElement),
  {
    onSend: (form) => store.seen(rowOf(form)?.dataset.job),
    onJob(job, form, seen) {
      changed(store.put(job, seen));
      if ("start" in form.dataset) byId(`job-${job.id}`, HTMLElement).scrollIntoView({ block: "nearest", behavior: "smooth" });
    },
    onProblem(problem, form) {
      const place = form.querySelector("[data-part=problem]") ?? rowOf(form)?.querySelector("[data-part=error]");
      if (!(place instanceof HTMLElement) || (!problem && "act" in form.dataset)) return;
      place.textContent = problem;
      place.hidden = false;
    },
  },
  { fetch: window.fetch.bind(window) },
);
for (const job of [...store.jobs].reverse()) show(job);
window.setInterval(() => rows.forEach((row) => row.tick()), 1_000);
follow();
