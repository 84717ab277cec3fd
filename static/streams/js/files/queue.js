// @ts-check
// Several uploads: a few at a time, the others wait for their turn.

const AT_ONCE = 2;
const MOVING = new Set(["sending", "retrying"]);

/** @typedef {{ state: string, start(): void, pause(): void, cancel(): Promise<void> }} Upload */

export function createQueue() {
  /** @type {Upload[]} */
  let uploads = [];

  function next() {
    let moving = uploads.filter(({ state }) => MOVING.has(state)).length;
    for (const upload of uploads) {
      if (moving >= AT_ONCE) return;
      if (upload.state === "waiting") {
        upload.start();
        moving += 1;
      }
    }
  }

  return {
    /** @param {Upload} upload */
    add(upload) {
      uploads.push(upload);
      next();
    },
    /** To be called whenever one has changed. */
    next,
    /** @param {Upload} upload */
    remove(upload) {
      uploads = uploads.filter((other) => other !== upload);
      next();
    },
    get unfinished() {
      return uploads.some(({ state }) => MOVING.has(state) || state === "waiting");
    },
  };
}
