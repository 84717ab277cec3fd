// @ts-check
// What became of the WebSocket. Of one that did not open a browser tells nothing more.

import { good, judgeStatus, NGINX } from "./verdict.js";

/** @typedef {import("./verdict.js").Verdict} Verdict */

const REFUSED_ORIGIN = 4403; // the server's close codes: docs/wire.md
const LIMIT = 4429;

/**
 * @param {import("./probes.js").SocketMeasure} socket
 * @param {import("./probes.js").RequestMeasure} request
 * @param {number} messages  that were to come back
 * @returns {Verdict}
 */
export function judgeSocket({ opened, echoes_ms, code, reason }, { seen, status }, messages) {
  if (echoes_ms.length >= messages) {
    return good("The upgrade passes, and what was said came back.", `${Math.max(1, Math.round(Math.min(...echoes_ms)))} ms`);
  }
  if (code === LIMIT) return /** @type {Verdict} */ (judgeStatus(429));
  if (code === REFUSED_ORIGIN) {
    return {
      level: "fault", figure: String(code), said: `The upgrade passes, but the server refuses the socket: ${reason}.`,
      why: "It compares the page's origin with the host and the scheme that reach it; which of them is wrong stands below.",
    };
  }
  if (opened) {
    return {
      level: "fault", figure: `${echoes_ms.length} of ${messages}`,
      said: `The socket opened, but ${echoes_ms.length} of ${messages} messages came back (close code ${code || "none"}).`,
      why: "A proxy takes the upgrade, and then cuts the socket or carries nothing over it.",
    };
  }
  if (!seen) return judgeStatus(status) ?? { level: "unknown", said: "It did not open, and a plain request could not be read either." };
  const old = seen.http_version === "1.0";
  return {
    level: "fault", figure: "not open", lines: old ? [...NGINX.http11, ...NGINX.upgrade] : NGINX.upgrade,
    said: `The socket did not open: the headers Upgrade and Connection do not reach the server${old ? ", and HTTP/1.0 knows no upgrade" : ""}.`,
    why: "Rooms need sockets. Both headers end at each proxy, which must send them on itself.",
  };
}
