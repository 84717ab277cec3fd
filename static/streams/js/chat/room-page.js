// @ts-check
// The page of a room: puts the parts together.

import { createConnectionView } from "../connection-view.js";
import { browserClock } from "../connection.js";
import { byId, readPageData } from "../dom.js";
import { showNotice } from "../notices.js";
import { openStorage } from "../storage.js";
import { placeWakes } from "../wake.js";
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
import { createMessageActions } from "./message-actions.js";
import { createExtras } from "./message-extras.js";
import { createPaging } from "./paging.js";
import { createReading } from "./reading.js";
import { bindRoomHead } from "./room-head.js";
import { createRoomSession } from "./room-session.js";
import { createRoomStore } from "./room-store.js";
import { createRoomStream } from "./room-stream.js";
import { createSending } from "./sending.js";
import { createShowing } from "./showing.js";
import { bindSpend } from "./spend-panel.js";
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
  const { room: base = "", socket = "", ops = "", token = "", limit = "", attempts = "" } = byId("chat", HTMLElement).dataset;
  /** @type {import("./types.js").Person | null} */
  let viewer = readPageData("viewer");
  const createId = () => createUuid((bytes) => crypto.getRandomValues(bytes));
  const hint = createHint(clock);
  const store = createRoomStore(page);
  const storage = openStorage("sessionStorage");
  const client = createRoomStream({ socket, ops, topic: page.topic, from: page.position, passing: page.present?.position ?? "", token: () => token }, { clock, storage });
  client.onNotice(showNotice);
  const key = (/** @type {string} */ what) => `streams.${what}.${page.room.slug}.${viewer?.id ?? ""}`;

  const extras = createExtras({ page, key, tell: hint.fail, fetch, clock });
  const sending = createSending({
    client, clock, store, createId, hint,
    log: () => log, key: key("outbox"),
    onChange: () => reading.refresh(),
    edit: (text, files) => void (extras.putBack(files), composer?.set(text)),
  });
  const actions = createMessageActions({
    ask: client.reach,
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
    say: (text) => void sending.add(text),
    show: (generation) => session.show(generation),
    model: extras.model,
    fail: hint.fail,
    attempts: Number(attempts),
  });
  const log = createLogView(byId("entries", HTMLElement), {
    context: { viewer: () => viewer, at: store.at, goTo: (seq) => void reading.goTo(seq), react: actions.react },
    clock,
    answerContext: answers.context,
    pendingActions: sending.actions,
  });
  const history = createHistory(`${base}history`, { fetch });
  const session = createRoomSession({
    store, client, clock, history,
    readAnswer: createAnswerSource(base, { fetch }),
    wakes: placeWakes(clock),
    random: Math.random,
    subtle: globalThis.crypto?.subtle,
    onChange: createShowing({
      page, clock, store, hint,
      viewer: () => viewer,
      parts: () => ({ log, reading, sending, live, head, answers, extras, composer }),
    }),
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
    if (data?.present) live.present(data.present);
    void sending.flush();
    signal.again();
  });
  const composer = openComposer({
    client, clock, store, key,
    say: sending.add,
    limit: Number(limit),
    extras,
    people: () => live.people,
    onSent: () => void reading.toEnd(),
    onEditLast: () => actions.editThis(),
  });
  const live = createLive({ client, clock, page, viewer: () => viewer, base, token, mention: composer && composer.mention, hint });
  createEntryTools(byId("entries", HTMLElement), { at: store.at, actionsFor: actions.actionsFor, clock });
  const head = bindRoomHead({ page, base, fetch, env, store, reading, actions, viewer: () => viewer });

  log.replace(store.items);
  sending.restore();
  reading.begin(page, window.location.hash);
  bindCatchUp({ page, store, log, goTo: reading.goTo });
  head.more.push(answers.inspector.choice);
  if (viewer) head.more.push(bindSpend(`${base}spend`, { fetch, fail: hint.fail }));
  env.setInterval(() => {
    answers.tick();
    session.tick();
  }, 1_000);
  client.open();
}
