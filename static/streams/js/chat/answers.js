// @ts-check
// The answers of a room's page: what their views know, Stop in the box one writes in, the inspector.

import { byId } from "../dom.js";
import { bindAloud } from "./aloud.js";
import { createAnswerActions } from "./answer-actions.js";
import { createInspector } from "./inspector.js";
import { createServerClock } from "./server-clock.js";
import { bindStopOwn } from "./stop-own.js";

/**
 * @param {object} room
 * @param {import("../connection.js").Stream & { reach: (operation: object) => Promise<Record<string, any>>, technique?: string }} room.client
 * @param {import("../connection.js").Clock} room.clock
 * @param {ReturnType<typeof import("./room-store.js").createRoomStore>} room.store
 * @param {import("./types.js").Page} room.page
 * @param {() => import("./types.js").Person | null} room.viewer
 * @param {() => ReturnType<typeof import("./log-view.js").createLogView>} room.log
 * @param {(text: string) => void} room.say
 * @param {(generation: string) => Promise<void>} room.show
 * @param {() => string} room.createId
 * @param {() => string | undefined} room.model  that was picked
 * @param {(text: string) => void} room.fail
 * @param {number} room.attempts  how often the model is asked for an answer at most
 */
export function createAnswers({ client, clock, store, page, viewer, log, say, show, createId, model, fail, attempts }) {
  const serverClock = createServerClock(clock);
  const area = document.getElementById("message");
  const mayTalk = () => area instanceof HTMLTextAreaElement && !area.disabled;
  const actions = createAnswerActions({
    ask: client.reach, viewer, mayTalk, say, show, createId, model,
    role: () => page.role,
    open: store.answers.open,
  });
  const stopOwn = area instanceof HTMLTextAreaElement ? bindStopOwn({ area, before: byId("send", HTMLButtonElement) }, { actions, fail }) : null;
  /** @type {{ lost: number | null, reason: string, at_ms: number } | null} */
  let gap = null;
  client.onEvent(({ time }) => serverClock.heard(time));
  client.onGap(({ lost, reason }) => void (gap = { lost, reason, at_ms: clock.now() }));
  const inspector = createInspector(byId("main", HTMLElement), {
    clock: serverClock,
    latest: store.answers.latest,
    connection: () => ({ state: client.state, statistics: client.statistics, technique: client.technique ?? "WebSocket", position: store.position, gap }),
  });

  const reader = bindAloud(byId("aloud", HTMLInputElement));

  function tick() {
    log().tick();
    stopOwn?.refresh();
    inspector.refresh();
  }

  return {
    /** @type {import("./generation-view.js").AnswerContext} */
    context: {
      now: serverClock.now,
      before: store.answers.before,
      attempts,
      questionOf(message) {
        const item = store.at(message);
        return item?.kind === "message" && !item.deleted ? item.text : undefined;
      },
      actions,
    },
    inspector,
    /** How it is told to a screen reader. */
    reader,
    tick,
    /** @param {import("./room-store.js").Change} change */
    after(change) {
      if (change.kind === "message") {
        const answer = store.answers.to(change.item.seq);
        if (answer) log().answer(answer)?.update();
      } else if (change.kind === "ended" || (change.kind === "added" && change.item.kind === "generation")) tick();
      else if (change.kind === "version" || change.kind === "state") stopOwn?.refresh();
    },
  };
}
