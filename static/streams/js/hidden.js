// @ts-check
// A tab that nobody looks at.

/**
 * @param {{ rest: () => void, back: () => void }} calls  rest: hidden for `ms`; back: looked at again after that
 * @param {{ document: Pick<Document, "visibilityState" | "addEventListener"> | undefined, clock: import("./connection.js").Clock, ms: number }} env
 */
export function onLongHidden({ rest, back }, { document, clock, ms }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let rests = false;
  document?.addEventListener("visibilitychange", () => {
    clock.clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      timer = clock.setTimeout(() => {
        rests = true;
        rest();
      }, ms);
    } else if (rests) {
      rests = false;
      back();
    }
  });
}
