// @ts-check
// The list of rooms at the side, with what is unread in each: asked for now and then while somebody looks.

import { el } from "../dom.js";
import { readJsonFrom } from "./history.js";
import { firstWords } from "./message-words.js";

const EACH_MS = 15_000;

/**
 * @typedef {object} ListedRoom
 * @property {string} slug
 * @property {string} title
 * @property {string} description
 * @property {string} kind
 * @property {number} unread
 * @property {number} mentions
 * @property {{ author: string, text: string } | null} last
 */

/** @param {any} body of `GET /rooms` @returns {ListedRoom[]} */
export function readRooms(body) {
  const list = Array.isArray(body?.rooms) ? body.rooms : [];
  return list.filter((/** @type {any} */ room) => typeof room?.slug === "string").map((/** @type {any} */ room) => ({
    slug: room.slug,
    title: String(room.title ?? room.slug),
    description: String(room.description ?? ""),
    kind: String(room.kind ?? "public"),
    unread: Number(room.unread) || 0,
    mentions: Number(room.mentions) || 0,
    last: room.last ? { author: String(room.last.author?.name ?? room.last.author ?? ""), text: String(room.last.text ?? "") } : null,
  }));
}

/**
 * The rooms under their headings, those that are empty left out.
 * @param {ListedRoom[]} rooms
 * @returns {{ heading: string, rooms: ListedRoom[] }[]}
 */
export function groupRooms(rooms) {
  const groups = [
    { heading: "", rooms: rooms.filter(({ kind }) => kind !== "direct") },
    { heading: "Direct messages", rooms: rooms.filter(({ kind }) => kind === "direct") },
  ];
  return groups.filter((group) => group.rooms.length);
}

/** A count as it is shown: the server counts to a hundred. @param {number} count */
export const countWords = (count) => (count > 99 ? "99+" : String(count));

/** "3 unread, 1 of them mentions you"; empty where nothing is. @param {ListedRoom} room */
export function unreadWords({ unread, mentions }) {
  if (!unread) return mentions ? `${countWords(mentions)} mention you` : "";
  const count = `${countWords(unread)} unread`;
  return mentions ? `${count}, ${countWords(mentions)} of them mention you` : count;
}

/**
 * @param {HTMLElement} root  holds what the server wrote first
 * @param {object} options
 * @param {string} options.here  the slug of the room that is open
 * @param {typeof globalThis.fetch} options.fetch
 * @param {{ setInterval: (run: () => void, ms: number) => unknown }} options.env
 * @param {(others: number) => void} options.onMentions  how often other rooms mention the viewer
 */
export function createRoomList(root, { here, fetch, env, onMentions }) {
  let shown = "";

  async function refresh() {
    if (document.visibilityState !== "visible") return;
    /** @type {ListedRoom[]} */
    let rooms;
    try {
      rooms = readRooms(await readJsonFrom("/rooms", { fetch }));
    } catch {
      return; // the next time
    }
    const text = JSON.stringify(rooms);
    if (text === shown || !rooms.length) return;
    shown = text;
    onMentions(rooms.reduce((sum, { slug, mentions }) => (slug === here ? sum : sum + mentions), 0));
    const focused = document.activeElement instanceof HTMLAnchorElement && root.contains(document.activeElement) ? document.activeElement.pathname : null;
    root.replaceChildren(...groupRooms(rooms).flatMap(({ heading, rooms: list }) => [
      ...(heading ? [el("h3", "rooms-heading", heading)] : []),
      el("ul", "list", ...list.map((room) => el("li", "", createLink(room)))),
    ]));
    if (focused) [...root.querySelectorAll("a")].find(({ pathname }) => pathname === focused)?.focus({ preventScroll: true });
  }

  /** @param {ListedRoom} room */
  function createLink(room) {
    const current = room.slug === here;
    const about = room.last ? `${room.last.author ? `${room.last.author}: ` : ""}${firstWords(room.last.text, 80) || "a file"}` : room.description;
    const name = el("span", "room-name", room.title);
    const more = about ? el("span", "room-about", about) : null;
    for (const element of [name, more]) if (element) element.dir = "auto";
    const link = el("a", room.kind, name, more);
    link.href = `/rooms/${room.slug}/`;
    if (current) link.setAttribute("aria-current", "page");
    const words = current ? "" : unreadWords(room);
    if (!words) return link;
    link.classList.add("unread");
    const badge = el("span", room.mentions ? "unread-badge to-me" : "unread-badge", room.mentions ? `@${countWords(room.mentions)}` : countWords(room.unread));
    badge.setAttribute("aria-hidden", "true");
    link.append(badge, el("span", "visually-hidden", `, ${words}`));
    return link;
  }

  env.setInterval(() => void refresh(), EACH_MS);
  window.addEventListener("focus", () => void refresh());
  document.addEventListener("visibilitychange", () => void refresh());
  return { refresh };
}
