// @ts-check
// The URL of a stream: which topics it names, and what to ask for to resume.

const PATH = /\/events(?:\/([^/]*))?$/; // /events/<topic>, or /events and ?topic=…

/**
 * @typedef {object} Place
 * @property {string[]} topics  one "" where the URL does not say which topic it is; none for a socket without any yet
 * @property {boolean} many  asked for by query: events are told with their topic, also if it is only one
 * @property {string} key  the same for the same topics of the same server
 * @property {(position: string, more?: Record<string, string>) => string} address
 * @property {(topics: string[], position: string) => string} socketAddress  with those topics, whatever the URL named
 */

/**
 * @param {string} url  absolute, or relative to the page
 * @returns {Place & { from: string }}  from: a position that stood in the URL
 */
export function readPlace(url) {
  const base = new URL(url, globalThis.location?.href);
  const from = base.searchParams.get("last_event_id") ?? "";
  base.searchParams.delete("last_event_id");
  base.hash = "";
  const path = PATH.exec(base.pathname);
  const named = base.searchParams.getAll("topic");
  const many = path !== null && path[1] === undefined;
  const topics = many ? named : [path ? decodeURIComponent(path[1]) : ""];

  /** @param {URL} where @param {string} position @param {Record<string, string>} [more] */
  function ask(where, position, more = {}) {
    for (const [name, value] of Object.entries(more)) where.searchParams.set(name, value);
    if (position) where.searchParams.set("last_event_id", position);
    return where.href;
  }

  return {
    topics,
    many,
    from,
    key: base.href,
    address: (position, more) => ask(new URL(base), position, more),
    socketAddress(now, position) {
      const where = new URL(base);
      where.protocol = where.protocol.replace("http", "ws");
      if (now.join() !== topics.join()) {
        where.pathname = where.pathname.replace(PATH, "/events");
        where.searchParams.delete("topic");
        for (const topic of now) where.searchParams.append("topic", topic);
      }
      return ask(where, position);
    },
  };
}
