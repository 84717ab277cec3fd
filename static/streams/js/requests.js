// @ts-check
// A request over a socket and its answer, matched by `ref`.

/** @typedef {import("./websocket-technique.js").Answer} Answer */
/** @typedef {import("./websocket-technique.js").Refusal} Refusal */

export class RequestFailed extends Error {
  name = "RequestFailed";
  /** @param {Refusal} failure */
  constructor(failure) {
    super(failure.message);
    this.failure = failure;
    this.code = failure.code;
    this.retryable = failure.retryable;
  }
}

export const DISCONNECTED = { code: "disconnected", message: "The connection was lost.", retryable: true };
const SILENT = { code: "timeout", message: "The server did not answer.", retryable: true };

/**
 * @param {object} socket
 * @param {(operation: object) => boolean} socket.send
 * @param {(listener: (answer: Answer) => void) => unknown} socket.onAnswer
 * @param {(listener: (state: import("./connection.js").ConnectionState) => void) => unknown} socket.onState
 * @param {{ clock: import("./connection.js").Clock, timeout_ms?: number }} options
 */
export function createRequests({ send, onAnswer, onState }, { clock, timeout_ms = 15_000 }) {
  /** @type {Map<number, { resolve: (answer: Record<string, any>) => void, reject: (failure: Refusal) => void }>} */
  const waiting = new Map();
  let lastRef = 0;

  onAnswer((answer) => {
    const request = waiting.get(answer.ref);
    if (answer.op === "ack") request?.resolve(answer);
    else request?.reject(answer.error);
  });
  onState((state) => {
    if (state.name !== "live") for (const request of [...waiting.values()]) request.reject(DISCONNECTED);
  });

  return {
    /**
     * @param {object} operation  `ref` is added
     * @returns {Promise<Record<string, any>>} the acknowledgement
     * @throws {RequestFailed} refused, unanswered for `timeout_ms`, or cut off
     */
    ask(operation) {
      const ref = (lastRef += 1);
      return new Promise((resolve, reject) => {
        const done = () => {
          clock.clearTimeout(timer);
          waiting.delete(ref);
        };
        const fail = (/** @type {Refusal} */ failure) => (done(), reject(new RequestFailed(failure)));
        const timer = clock.setTimeout(() => fail(SILENT), timeout_ms);
        waiting.set(ref, { resolve: (answer) => (done(), resolve(answer)), reject: fail });
        if (!send({ ...operation, ref })) fail(DISCONNECTED);
      });
    },
  };
}
