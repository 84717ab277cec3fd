// @ts-check
// What a verdict is, and the lines of nginx that mend what is wrong: all of them stand in deploy/nginx.conf.

/**
 * @typedef {object} Verdict
 * @property {"good" | "note" | "fault" | "unknown"} level  a note works, and could be better
 * @property {string} said       what was found
 * @property {string} [figure]   the number that says it all
 * @property {string} [why]      what it breaks, and where to look
 * @property {readonly string[]} [lines]  to copy
 */

export const NGINX = Object.freeze({
  unbuffered: [
    "proxy_buffering off;",
    "proxy_pass_header X-Accel-Buffering;",
    "# and nowhere: proxy_ignore_headers X-Accel-Buffering",
  ],
  uncompressed: [
    "# whole answers, but no streams:",
    "gzip_types text/css text/javascript application/javascript application/json image/svg+xml;",
  ],
  http11: ["proxy_http_version 1.1;"],
  upgrade: [
    "# in http { }",
    'map $http_upgrade $streams_connection { default upgrade; "" ""; }',
    "# in server { } or location { }",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection $streams_connection;",
  ],
  patient: ["proxy_read_timeout 75s;"],
  http2: ["listen 443 ssl http2;"],
  host: ["proxy_set_header Host $http_host;"],
  scheme: ["proxy_set_header X-Forwarded-Proto $scheme;"],
  address: ["proxy_set_header X-Forwarded-For $remote_addr;"],
});

/** @param {string} said @param {string} [figure] @returns {Verdict} */
export const good = (said, figure) => ({ level: "good", said, figure });

/**
 * The verdict on an answer that never came, or was not the server's; null where it is worth reading.
 * @param {number} status  0: none came
 * @returns {Verdict | null}
 */
export function judgeStatus(status) {
  if (status === 200) return null;
  if (status === 0) return { level: "unknown", said: "No answer came: the server, or the network to it, is down." };
  if (status === 429) {
    return { level: "unknown", said: "The server runs as many checks as it can. Run this again in a minute." };
  }
  return {
    level: "fault", figure: String(status), said: `The answer was ${status} instead of what was asked for.`,
    why: "The proxy's error log says more, or the server's.",
  };
}
