// @ts-check
// A changelist that stays true: asked for again every two seconds, and only what changed is put in its place. What is
// chosen, where the page is scrolled to and what has the focus stay as they are.

const EVERY_MS = 2_000;
const AT_MOST_SHARE = 0.2; // of the time, for a server that takes long

/** @param {Element} group  a table body with one row @returns {string} the key of its connection */
const keyOf = (group) => group.querySelector("input.action-select")?.getAttribute("value") ?? "";

/**
 * Bring `list` to the rows of `fresh`, keeping every node that says the same.
 * @param {HTMLTableElement} list
 * @param {HTMLTableElement} fresh
 */
export function replaceRows(list, fresh) {
  const known = new Map([...list.tBodies].map((group) => [keyOf(group), group]));
  /** @type {Element} */
  let place = list.tHead ?? list;
  for (const group of [...fresh.tBodies]) {
    const mine = known.get(keyOf(group));
    known.delete(keyOf(group));
    const row = mine ?? group;
    if (mine) replaceCells(mine, group);
    row.className = group.className;
    if (place.nextElementSibling !== row) place.after(row);
    place = row;
  }
  for (const gone of known.values()) {
    const chosen = gone.querySelector("input.action-select:checked");
    if (chosen || gone.contains(document.activeElement)) gone.querySelector("tr")?.classList.add("just-ended");
    else gone.remove();
  }
}

/** @param {Element} mine @param {Element} fresh */
function replaceCells(mine, fresh) {
  const theirs = fresh.querySelectorAll("tr.data-row > *");
  mine.querySelector("tr")?.classList.remove("just-ended");
  mine.querySelectorAll("tr.data-row > *").forEach((cell, at) => {
    const other = theirs[at];
    if (!other || cell.querySelector("input.action-select") || cell.contains(document.activeElement)) return;
    if (cell.innerHTML !== other.innerHTML) cell.innerHTML = other.innerHTML; // rendered and escaped by our own server
  });
}

/**
 * @param {HTMLElement} state  says how it is
 * @param {{ fetch: typeof fetch, now: () => number }} env
 */
export function keepListLive(state, { fetch, now }) {
  const text = /** @type {HTMLElement} */ (state.querySelector("[data-live-text]"));
  const pause = /** @type {HTMLButtonElement} */ (state.querySelector("[data-live-pause]"));
  let paused = false;
  let timer = 0;

  /** @param {"live" | "paused" | "lost"} name @param {string} words */
  function say(name, words) {
    state.dataset.state = name;
    if (text.textContent !== words) text.textContent = words;
  }

  async function refresh() {
    const began = now();
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const list = document.getElementById("result_list");
      const fresh = page.getElementById("result_list");
      if (list instanceof HTMLTableElement) {
        replaceRows(list, fresh instanceof HTMLTableElement ? fresh : document.createElement("table"));
      }
      const empty = !(list instanceof HTMLTableElement && list.tBodies.length);
      if (empty && fresh) location.reload(); // the page of an empty list has no table to put rows into
      say("live", "Brought up to date every two seconds");
    } catch {
      say("lost", "The server does not answer: this is what was known last");
    }
    plan(Math.max(EVERY_MS, (now() - began) / AT_MOST_SHARE));
  }

  /** @param {number} wait_ms */
  function plan(wait_ms) {
    clearTimeout(timer);
    if (!paused && document.visibilityState === "visible") timer = window.setTimeout(() => void refresh(), wait_ms);
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) say("paused", "Paused");
    plan(0);
  });
  document.addEventListener("visibilitychange", () => plan(0));
  plan(EVERY_MS);
}

const state = document.querySelector("[data-live-list]");
if (state instanceof HTMLElement) keepListLive(state, { fetch: window.fetch.bind(window), now: () => performance.now() });
