// @ts-check
// A request over the room's socket and its answer, matched by `ref`.

/** @typedef {{ code: string, message: string, retryable: boolean }} Failure */

export class RequestFailed extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    this.failure = failure;
  }
}

const DISCONNECTED = { code: "disconnected", message: "The connection was lost.", retryable: true };
const SILENT = { code: "timeout", message: "The server did not answer.", retryable: true };

/**
 * @param {ReturnType<typeof import("../websocket-client.js").createWebSocketClient>} client
 * @param {{ clock: import("../connection.js").Clock, timeout_ms?: number }} options
 */
export function createRequests(client, { clock, timeout_ms = 15_000 }) {
  /** @type {Map<number, { resolve: (id: string | undefined) => void, reject: (failure: Failure) => void }>} */
  const waiting = new Map();
  let lastRef = 0;

  client.onAnswer((answer) => {
    const request = waiting.get(answer.ref);
    if (!request) return;
    if (answer.op === "ack") request.resolve(answer.id);
    else request.reject(answer.error);
  });
  client.onState((state) => {
    if (state.name !== "live") for (const request of [...waiting.values()]) request.reject(DISCONNECTED);
  });

  return {
    /**
     * @param {object} request  `ref` is added
     * @returns {Promise<string | undefined>} the id in the acknowledgement
     * @throws {RequestFailed} refused, unanswered for `timeout_ms`, or cut off
     */
    ask(request) {
      const ref = (lastRef += 1);
      return new Promise((resolve, reject) => {
        const done = () => {
          clock.clearTimeout(timer);
          waiting.delete(ref);
        };
        const fail = (/** @type {Failure} */ failure) => (done(), reject(new RequestFailed(failure)));
        const timer = clock.setTimeout(() => fail(SILENT), timeout_ms);
        waiting.set(ref, { resolve: (id) => (done(), resolve(id)), reject: fail });
        if (!client.send({ ...request, ref })) fail(DISCONNECTED);
      });
    },
  };
}
