// Follows a topic with the platform's own fetch: node follow.mjs URL BEARER LAST
// Reads NDJSON until an event with the data LAST, coming back with the newest id whenever the connection breaks; then
// prints [[id, data], …].

const [url, bearer, last] = process.argv.slice(2);
const told = [];
let position = "earliest";

/** @returns {Promise<boolean>} whether the last event has come */
async function readOnce() {
  const headers = { accept: "application/x-ndjson", authorization: bearer, "last-event-id": position };
  const reader = (await fetch(url, { headers })).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line) continue; // a heartbeat
      const { id, type, data } = JSON.parse(line);
      if (type === "stream.open") position = data.last_event_id;
      if (!id) continue;
      position = id;
      told.push([id, data]);
      if (data === last) return true;
    }
  }
}

for (;;) {
  try {
    if (await readOnce()) break;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch: the network failed
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log(JSON.stringify(told));
process.exit(0);
