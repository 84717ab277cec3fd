// @ts-check
// The page of a room: puts the parts together.

import { createConnectionView } from "../connection-view.js";
import { browserClock } from "../connection.js";
import { byId, readPageData } from "../dom.js";
import { showNotice } from "../notices.js";
import { isAfter } from "../position.js";
import { openStorage } from "../storage.js";
import { placeWakes } from "../wake.js";
import { announcementFor } from "./announcer.js";
import { createAnswerSource } from "./answer-source.js";
import { createAnswers } from "./answers.js";
import { bindCatchUp } from "./catch-up.js";
import { bindDrawer } from "./drawer.js";
import { createEntryTools } from "./entry-tools.js";
import { createHint } from "./hint.js";
import { createHistory } from "./history.js";
import { createUuid } from "./integrity.js";
import { createLive } from "./live.js";
import { createLogView } from "./log-view.js";
import { partLine } from "./member-words.js";
import { createMessageActions } from "./message-actions.js";
import { createOutbox } from "./outbox.js";
import { createPaging } from "./paging.js";
import { createReading } from "./reading.js";
import { bindRoomHead } from "./room-head.js";
import { createRoomSession } from "./room-session.js";
import { createRoomStore } from "./room-store.js";
import { createRoomStream } from "./room-stream.js";
import { createReadSignal } from "./unread.js";
import { openComposer } from "./writing.js";

const clock = browserClock;
const env = { clock, setInterval: window.setInterval.bind(window) };
const fetch = window.fetch.bind(window);

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
  const { room: base = "", socket = "", ops = "", token = "", limit = "" } = byId("chat", HTMLElement).dataset;
  /** @type {import("./types.js").Person | null} */
  let viewer = readPageData("viewer");
  const createId = () => createUuid((bytes) => crypto.getRandomValues(bytes));
  const hint = createHint(clock);
  const store = createRoomStore(page);
  const storage = openStorage("sessionStorage");
  const client = createRoomStream({ socket, ops, topic: page.topic, from: page.position, token: () => token }, { clock, storage });
  client.onNotice(showNotice);
  const key = (/** @type {string} */ what) => `streams.${what}.${page.room.slug}.${viewer?.id ?? ""}`;

  const outbox = createOutbox({
    async ask(request) {
      const { id, refused } = await client.ask(request);
      if (refused) hint.fail(`No answer was begun. ${refused.message}`);
      return id;
    },
    isPast: (id) => !isAfter(id, store.position),
    createId, clock,
    random: Math.random,
    storage: openStorage("localStorage"),
    key: key("outbox"),
    onChange(entry, client_id) {
      log.setPending(entry, client_id);
      reading.refresh();
    },
  });
  const actions = createMessageActions({
    ask: client.ask,
    viewer: () => viewer,
    role: () => page.role,
    items: () => store.items,
    element: (item) => log.element(item),
    composer: () => composer,
    focusComposer: () => document.getElementById("message")?.focus(),
    limit: Number(limit),
    hint,
  });
  const answers = createAnswers({
    client, clock, store, page, createId,
    viewer: () => viewer,
    log: () => log,
    say: (text) => void outbox.add(text),
    show: (generation) => session.show(generation),
    model: () => undefined,
    fail: hint.fail,
  });
  const log = createLogView(byId("entries", HTMLElement), {
    context: { viewer: () => viewer, at: store.at, goTo: (seq) => void reading.goTo(seq), react: actions.react },
    clock,
    answerContext: answers.context,
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
  const history = createHistory(`${base}history`, { fetch });
  const session = createRoomSession({
    store, client, clock, history,
    readAnswer: createAnswerSource(base, { fetch }),
    wakes: placeWakes(clock),
    random: Math.random,
    subtle: globalThis.crypto?.subtle,
    onChange(change) {
      if (change.kind === "added" || change.kind === "beyond") {
        const { item } = change;
        if (item.kind === "message" && item.author.id === viewer?.id) outbox.remove(item.client_id);
        if (item.kind === "message") live.said(item.author);
        if (change.kind === "added") log.append(store.items);
        reading.added(item);
      } else if (change.kind === "message") log.changed(change.item);
      else if (change.kind === "room") head.changed(change.data);
      else if (change.kind === "member") {
        const line = partLine(change.data, viewer?.id, clock.now());
        if (line) hint.fail(line);
        if (line) page.role = change.data.role;
      } else log.answer(change.item)?.apply(change);
      answers.after(change);
      reading.moved();
      const told = announcementFor(change, viewer?.id, answers.inspector);
      if (told) byId(told.urgent ? "alert" : "announce", HTMLElement).textContent = told.text;
    },
    onReload(gap) {
      log.replace(store.items);
      reading.reloaded(gap);
    },
    onError: hint.fail,
  });
  const signal = createReadSignal({ clock, from: page.last_read ?? 0, send: (seq) => client.ask({ op: "read", seq }) });
  const reading = createReading({
    store, log,
    paging: createPaging({ store, history, onEvent: client.onEvent }),
    title: document.title,
    tell: hint.fail,
    onSeen: (seq) => viewer && page.last_read !== undefined && signal.seen(seq),
  });

  const connection = createConnectionView(
    {
      word: byId("state", HTMLElement), bar: byId("trouble", HTMLElement), sentence: byId("trouble-text", HTMLElement),
      retry: byId("try-now", HTMLButtonElement), spoken: byId("announce", HTMLElement), signIn: document.getElementById("sign-in"),
    },
    () => (client.state.name === "refused" ? client.open() : client.wake()),
    env,
  );
  client.onState(connection.show);
  client.onControl(({ type, data }) => {
    if (type !== "stream.open") return;
    if (viewer && data?.you) viewer = data.you;
    void outbox.flush();
    signal.again();
  });
  const composer = openComposer({
    client, clock, store, outbox, page, key,
    limit: Number(limit),
    people: () => live.people,
    onSent: () => void reading.toEnd(),
    onEditLast: () => actions.editThis(),
  });
  const live = createLive({ client, clock, page, viewer: () => viewer, base, mention: composer && composer.mention, hint });
  createEntryTools(byId("entries", HTMLElement), { at: store.at, actionsFor: actions.actionsFor, clock });
  const head = bindRoomHead({ page, base, fetch, env, store, reading, actions, viewer: () => viewer });

  log.replace(store.items);
  const seen = new Set(store.items.map((item) => (item.kind === "message" ? item.client_id : undefined)));
  for (const entry of outbox.entries) {
    if (seen.has(entry.client_id)) outbox.remove(entry.client_id);
    else log.setPending(entry, entry.client_id);
  }
  reading.begin(page, window.location.hash);
  bindCatchUp({ page, store, log, goTo: reading.goTo });
  head.more.push(answers.inspector.choice);
  env.setInterval(() => {
    answers.tick();
    session.tick();
  }, 1_000);
  client.open();
}
