// @ts-check
// The topics of one's jobs over one connection: one's own, where new ones are told, and those of the jobs that move.

import { showNotice } from "../notices.js";
import { createStream } from "../streams.js";
import { moves } from "./store.js";

/** @typedef {import("./store.js").Job} Job */
/** @typedef {import("../connection.js").Envelope} Envelope */

const MAX_TOPICS = 50; // of one connection

/**
 * A job that is new asks for another connection, which goes on where the one before stood.
 * @param {object} options
 * @param {string} options.own  the topic of all of one's jobs
 * @param {Job[]} options.jobs  those that the page came with
 * @param {Record<string, string>} options.positions  from where their topics are read; one that is new, from its beginning
 * @param {string} options.group
 * @param {(envelope: Envelope) => void} options.onEvent
 * @param {(state: import("../connection.js").ConnectionState) => void} options.onState
 */
export function createLive({ own, jobs: loaded, positions, group, onEvent, onState }) {
  const places = new Map(Object.entries(positions));
  const gone = new Set(loaded.filter(moves).map(({ topic }) => topic).filter((topic) => !places.has(topic))); // somebody deleted it
  /** @type {import("../connection.js").Stream | null} */
  let stream = null;
  let reads = /** @type {string[]} */ ([]);

  /** @param {string[]} topics */
  function read(topics) {
    stream?.close();
    reads = topics;
    const query = new URLSearchParams(topics.map((topic) => ["topic", topic]));
    const from = topics.map((topic) => places.get(topic) ?? "earliest").join(",");
    const opened = createStream(`/events?${query}`, { shared: group, from });
    opened.onNotice(showNotice);
    stream = opened;
    opened.onEvent((envelope) => {
      if (stream !== opened) return;
      places.set(envelope.topic, envelope.id);
      onEvent(envelope);
    });
    opened.onGap(({ topic, resumed_at }) => void (topic && places.set(topic, resumed_at)));
    opened.onState((state) => stream === opened && onState(state));
    opened.open();
  }

  return {
    /**
     * Read the topics of what moves, too.
     * @param {Job[]} jobs  newest first
     * @returns {boolean} whether there is anything to read: the topic of who never had a job is not there yet
     */
    follow(jobs) {
      if (!places.has(own) && !jobs.length) return false;
      const wanted = [own, ...jobs.filter(moves).map(({ topic }) => topic).filter((topic) => !gone.has(topic))].slice(0, MAX_TOPICS);
      if (!stream || wanted.some((topic) => !reads.includes(topic))) read(wanted);
      return true;
    },
    /** Try again at once. */
    retry: () => (stream?.state.name === "refused" ? stream.open() : stream?.wake()),
  };
}
