// @ts-check
// The page of a room: puts the parts together.

import { createConnectionView } from "../connection-view.js";
import { browserClock } from "../connection.js";
import { byId, readPageData } from "../dom.js";
import { showNotice } from "../notices.js";
import { isAfter } from "../position.js";
import { openStorage } from "../storage.js";
import { createWebSocketStream } from "../websocket-stream.js";
import { announcementFor } from "./announcer.js";
import { createComposer } from "./composer.js";
import { bindDrawer } from "./drawer.js";
import { createHistory } from "./history.js";
import { createUuid } from "./integrity.js";
import { createLogView } from "./log-view.js";
import { createOutbox } from "./outbox.js";
import { createReading } from "./reading.js";
import { createRoomSession } from "./room-session.js";
import { createRoomStore } from "./room-store.js";

const clock = browserClock;
const env = { clock, setInterval: window.setInterval.bind(window) };

bindDrawer(
  {
    drawer: byId("rooms", HTMLElement),
    opener: byId("open-rooms", HTMLButtonElement),
    closer: byId("close-rooms", HTMLButtonElement),
    shade: byId("shade", HTMLElement),
    rest: [byId("main", HTMLElement)],
  },
  window.matchMedia("(max-width: 56rem)"),
);
const snapshot = readPageData("snapshot");
if (snapshot) openRoom(snapshot);

/** @param {import("./types.js").Page} page */
function openRoom(page) {
  const { history: historyUrl, socket: socketPath, limit } = byId("chat", HTMLElement).dataset;
  /** @type {import("./types.js").Person | null} */
  let viewer = readPageData("viewer");
  const createId = () => createUuid((bytes) => crypto.getRandomValues(bytes));
  const storage = openStorage("sessionStorage");
  const store = createRoomStore(page);
  const client = createWebSocketStream(socketPath ?? "", { from: page.position, clock });
  client.onNotice(showNotice);

  const outbox = createOutbox({
    ask: async (request) => (await client.ask(request)).id,
    isPast: (id) => !isAfter(id, store.position),
    createId,
    clock, storage,
    random: Math.random,
    key: `streams.outbox.${page.room.slug}`,
    onChange(entry, client_id) {
      log.setPending(entry, client_id);
      reading.refresh();
    },
  });
  const log = createLogView(byId("entries", HTMLElement), {
    viewer: () => viewer,
    clock,
    retryGeneration: async (generation) => void (await client.ask({ op: "regenerate", generation, client_id: createId() })),
    pendingActions: {
      retry: (client_id) => void outbox.retry(client_id),
      discard: outbox.remove,
      edit(client_id) {
        const entry = outbox.entries.find((other) => other.client_id === client_id);
        outbox.remove(client_id);
        if (entry) composer?.set(entry.text);
      },
    },
  });
  const session = createRoomSession({
    store, client, clock,
    history: createHistory(historyUrl ?? "", { fetch: window.fetch.bind(window) }),
    random: Math.random,
    subtle: globalThis.crypto?.subtle,
    onChange(change) {
      if (change.kind === "added") {
        if (change.item.kind === "message" && change.item.author.id === viewer?.id) outbox.remove(change.item.client_id);
        log.append(store.items);
        reading.added(change.item);
      } else if (change.kind === "delta") log.answer(change.item)?.append(change.text);
      else log.answer(change.item)?.update();
      reading.moved();
      const told = announcementFor(change, viewer?.id);
      if (told) byId(told.urgent ? "alert" : "announce", HTMLElement).textContent = told.text;
    },
    onReload(gap) {
      log.replace(store.items);
      reading.reloaded(gap);
    },
    onError(message) {
      reading.tell(message);
      byId("alert", HTMLElement).textContent = message;
    },
  });
  const reading = createReading({ store, session, log, clock, title: document.title });

  const signIn = document.getElementById("sign-in");
  const connection = createConnectionView(
    {
      word: byId("state", HTMLElement), bar: byId("trouble", HTMLElement), sentence: byId("trouble-text", HTMLElement),
      retry: byId("try-now", HTMLButtonElement), spoken: byId("announce", HTMLElement), signIn,
    },
    () => (client.state.name === "refused" ? client.open() : client.wake()),
    env,
  );
  client.onState(connection.show);
  client.onControl(({ type, data }) => {
    if (type !== "stream.open") return;
    if (viewer && data?.you) viewer = data.you;
    void outbox.flush();
  });
  const composer = document.getElementById("composer") instanceof HTMLFormElement ? openComposer() : null;

  function openComposer() {
    const composer = createComposer(
      {
        form: byId("composer", HTMLFormElement), area: byId("message", HTMLTextAreaElement), counter: byId("counter", HTMLElement),
        send: byId("send", HTMLButtonElement), mention: byId("mention", HTMLButtonElement),
      },
      {
        limit: Number(limit), storage, key: `streams.draft.${page.room.slug}`,
        onSend(text) {
          void outbox.add(text);
          reading.toEnd();
        },
      },
    );
    for (const chip of document.querySelectorAll("button[data-suggest]")) {
      chip.addEventListener("click", () => composer.set(/** @type {HTMLElement} */ (chip).dataset.suggest ?? ""));
    }
    return composer;
  }

  log.replace(store.items);
  const seen = new Set(store.items.map((item) => (item.kind === "message" ? item.client_id : undefined)));
  for (const entry of outbox.entries) {
    if (seen.has(entry.client_id)) outbox.remove(entry.client_id);
    else log.setPending(entry, entry.client_id);
  }
  reading.toEnd();
  env.setInterval(() => log.tick(clock.now()), 1_000);
  client.open();
}
