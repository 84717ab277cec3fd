// What each technique says, as text.

const line = (value) => `${JSON.stringify(value)}\n`;
const strip = ({ seq, ...envelope }) => envelope;

/** The blocks of server-sent events; `name`: the only topic, asked for by path. */
function sse(name) {
  const block = (id, type, value) =>
    `${id ? `id: ${id}\n` : ""}${type === "message" ? "" : `event: ${type}\n`}data: ${JSON.stringify(value)}\n\n`;
  const control = (id, type, data, topic) => block(id, type, name ? data : { type, topic, data });
  return {
    open: (names, resume, gap) => `retry: 2000\n${name && gap ? "" : `id: ${resume.join()}\n`}\n`,
    gap: (topic, gap, joint) => control(joint, "stream.gap", gap, topic),
    event: (event, joint) => block(joint, event.type, name ? event.data : strip(event)),
    close: (data) => control("", "stream.close", data),
    notice: (data) => control("", "stream.notice", data),
    heartbeat: () => ":\n\n",
  };
}

/** Lines, and frames of a socket. */
function lines(name) {
  return {
    open: (names, resume) =>
      line({ type: "stream.open", ...(name ? { topic: name } : { topics: names }), data: { last_event_id: resume.join(), retry_ms: 2000 } }),
    gap: (topic, gap) => line({ type: "stream.gap", topic, data: gap }),
    event: (event) => line(strip(event)),
    close: (data) => line({ type: "stream.close", data }),
    notice: (data) => line({ type: "stream.notice", data }),
    heartbeat: () => "\n",
  };
}

/** The parts of a long poll's answer, to be joined by whoever sends it. */
function poll(name) {
  return {
    open: () => null,
    gap: (topic, gap) => ({ gap: name ? gap : { topic, ...gap } }),
    event: (event) => ({ event: strip(event) }),
    close: () => null,
    notice: ({ text }) => ({ notice: text }),
    heartbeat: () => null,
  };
}

export const framesOf = (technique, name) => ({ sse, eventsource: sse, ndjson: lines, websocket: lines, poll })[technique](name);
