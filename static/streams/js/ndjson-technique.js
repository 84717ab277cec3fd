// @ts-check
// HTTP streaming over fetch: an envelope a line.

import { createBody, drive } from "./body.js";
import { createLineSplitter } from "./lines.js";

/**
 * @param {import("./body.js").Asking} asking
 * @returns {(reading: import("./reader.js").Reading) => import("./reader.js").Technique}
 */
export const ndjson = (asking) => ({ place, positions, receive }) => ({
  limits: { opening_ms: 20_000, silence_ms: 45_000 }, // three heartbeats
  canStall: true,
  connect(link) {
    const body = createBody(asking, link);
    const lines = createLineSplitter((line) => {
      receive(link, JSON.parse(line));
      link.opened();
    });
    void drive(link, () => body.read(place.address(positions.joint), "application/x-ndjson", lines.feed));
    return body;
  },
});
