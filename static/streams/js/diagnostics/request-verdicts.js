// @ts-check
// What became of a request on its way: how the server sees it, against what the browser sent.

import { CLAIMED_ADDRESS } from "./probes.js";
import { good, judgeStatus, NGINX } from "./verdict.js";

/** @typedef {import("./verdict.js").Verdict} Verdict */
/** @typedef {import("./probes.js").RequestSeen} RequestSeen */
/** @typedef {import("./probes.js").RequestMeasure} RequestMeasure */
/** @typedef {{ protocol: string, host: string }} Place  as `window.location` has them */

const NAMES = /** @type {Record<string, string>} */ ({ h2: "HTTP/2", h3: "HTTP/3", "http/1.1": "HTTP/1.1", "http/1.0": "HTTP/1.0" });
const REFUSED = "Sockets and forms are refused, because the page seems to come from elsewhere.";

/** @param {RequestMeasure} request @param {Place} place @returns {Verdict} */
export function judgeBrowser({ protocol, status }, place) {
  if (!status) return /** @type {Verdict} */ (judgeStatus(status));
  const name = NAMES[protocol] ?? protocol;
  if (!name) return good("This browser does not tell which HTTP it speaks.", "?");
  if (protocol === "h2" || protocol === "h3") return good("One connection carries as many streams as it needs to.", name);
  if (place.protocol !== "https:") return good("Without TLS there is no HTTP/2: six streams at most for all tabs.", name);
  return {
    level: "note", figure: name, lines: NGINX.http2,
    said: "A browser has six connections to a host for all its tabs, and each stream takes one.",
    why: "Over HTTP/2 all of them share a single one.",
  };
}

/** @param {RequestMeasure} request @param {(seen: RequestSeen) => Verdict} judge */
function ofWhatWasSeen({ status, seen }, judge) {
  if (seen) return judge(seen);
  return judgeStatus(status) ?? /** @type {Verdict} */ ({ level: "unknown", said: "The answer could not be read." });
}

/** @param {RequestMeasure} request */
export const judgeUpstream = (request) => ofWhatWasSeen(request, ({ http_version }) => {
  if (http_version !== "1.0") return good("The last hop to the server knows chunks and upgrades.", `HTTP/${http_version}`);
  return {
    level: "fault", figure: "HTTP/1.0", lines: NGINX.http11,
    said: "The proxy speaks HTTP/1.0 to the server (proxy_http_version in nginx).",
    why: "Without chunks nobody can tell an answer that was cut from a whole one, and each request takes a new connection.",
  };
});

/** @param {RequestMeasure} request @param {Place} place */
export const judgeHost = (request, place) => ofWhatWasSeen(request, ({ host }) => {
  if (host === place.host) return good("The header Host arrives as the browser sent it.", host);
  return {
    level: "fault", figure: host, lines: NGINX.host, why: REFUSED,
    said: `The browser asked for ${place.host}, but the header Host says ${host || "nothing"} when it arrives.`,
  };
});

/** @param {RequestMeasure} request @param {Place} place */
export const judgeScheme = (request, place) => ofWhatWasSeen(request, ({ scheme, headers, behind_proxy }) => {
  const sent = place.protocol.replace(":", "");
  if (scheme === sent) return good(`The server knows that the page came over ${sent}.`, scheme);
  const told = headers["x-forwarded-proto"];
  const believe = behind_proxy ? "" : " Start the server with DJANGO_BEHIND_PROXY=1: until then it believes no proxy.";
  return {
    level: "fault", figure: scheme, lines: told === sent ? [] : NGINX.scheme, why: REFUSED + believe,
    said: `The page came over ${sent}, but the server takes it for ${scheme}: X-Forwarded-Proto ${told ? `says ${told}` : "is missing"}.`,
  };
});

/** @param {RequestMeasure} request */
export const judgeAddress = (request) => ofWhatWasSeen(request, ({ client, headers, behind_proxy }) => {
  const addresses = (headers["x-forwarded-for"] ?? "").split(",").map((address) => address.trim()).filter(Boolean);
  if (!behind_proxy && addresses.join() === CLAIMED_ADDRESS) {
    return good("No proxy changed the address that this page made up. The site does not ask for it either.", "direct");
  }
  if (!addresses.length) {
    return {
      level: "fault", figure: client, lines: NGINX.address,
      said: `X-Forwarded-For is missing: to the server every visitor comes from ${client}.`,
      why: "Logs and limits can't tell one visitor from another.",
    };
  }
  if (addresses[0] === CLAIMED_ADDRESS) {
    return {
      level: "fault", figure: addresses[0], lines: NGINX.address,
      said: `This page made up an address, ${CLAIMED_ADDRESS}, and the proxy passed it on in X-Forwarded-For.`,
      why: "Anybody can take any address in logs and limits: the proxy must replace the header, not add to it.",
    };
  }
  return good("The proxy tells where you come from, and passes on no address that a page makes up.", addresses[0]);
});
