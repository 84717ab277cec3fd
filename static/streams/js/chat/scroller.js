// @ts-check
// Reading position: the newest stays in sight for those who are at the end, and nothing moves for those who are not.

const NEAR_PX = 56;

/**
 * @param {HTMLElement} view  the element that scrolls
 * @param {HTMLElement} content  its only child that grows
 * @param {(atEnd: boolean) => void} onChange
 * @param {() => boolean} isWhole  whether the end of the content is the end of the room
 */
export function createScroller(view, content, onChange, isWhole) {
  let atEnd = true;
  let lastTop = 0;

  /** @param {boolean} next */
  function become(next) {
    atEnd = next;
    view.classList.toggle("following", next); // the browser's own anchoring is for those who read further up
  }

  view.addEventListener("scroll", () => {
    const near = isWhole() && view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_PX;
    const up = view.scrollTop < lastTop;
    lastTop = view.scrollTop;
    // What grew below between two frames is not a person leaving; only moving up is.
    if (near === atEnd || (!near && !up)) return;
    become(near);
    onChange(near);
  }, { passive: true });

  const follow = () => {
    if (!atEnd) return;
    view.scrollTop = view.scrollHeight;
    lastTop = view.scrollTop;
  };
  const observer = new ResizeObserver(follow);
  observer.observe(content);
  observer.observe(view);

  return {
    get atEnd() {
      return atEnd;
    },
    /** Stay where one is, whatever comes. */
    leaveEnd() {
      become(false);
      onChange(false);
    },
    toEnd() {
      become(true);
      follow();
      onChange(true);
    },
    /** Change what is above without moving what is read. @param {() => void} change */
    keepPlace(change) {
      const anchor = firstVisible(view, content);
      const before = anchor?.getBoundingClientRect().top ?? 0;
      change();
      if (anchor?.isConnected) view.scrollTop += anchor.getBoundingClientRect().top - before;
    },
  };
}

/** @param {HTMLElement} view @param {HTMLElement} content */
function firstVisible(view, content) {
  const top = view.getBoundingClientRect().top;
  for (const entry of content.querySelectorAll(".entry")) {
    if (entry.getBoundingClientRect().bottom > top) return entry;
  }
  return null;
}
