// @ts-check
// Something small over the page, next to what opened it: Escape and a click elsewhere close it, the focus goes back.

const GAP_PX = 6;
const EDGE_PX = 8;

/**
 * Where a panel goes: under its anchor where it fits, else above it, and never over the edge of the page.
 * @param {{ left: number, right: number, top: number, bottom: number }} anchor
 * @param {{ width: number, height: number }} panel
 * @param {{ width: number, height: number }} page
 * @returns {{ left: number, top: number }}
 */
export function placeBeside(anchor, panel, page) {
  const below = anchor.bottom + GAP_PX;
  const fits = below + panel.height <= page.height - EDGE_PX;
  const above = anchor.top - GAP_PX - panel.height;
  const top = fits || above < EDGE_PX ? Math.min(below, page.height - EDGE_PX - panel.height) : above;
  const left = Math.min(anchor.right - panel.width, page.width - EDGE_PX - panel.width);
  return { left: Math.max(EDGE_PX, left), top: Math.max(EDGE_PX, top) };
}

/**
 * Show `panel` beside `anchor` until it is closed; then it is gone from the page.
 * @param {HTMLElement} anchor  gets `aria-expanded` meanwhile
 * @param {HTMLElement} panel
 * @param {{ focus?: HTMLElement | null, onClose?: () => void }} [options]
 * @returns {() => void} close
 */
export function openPopover(anchor, panel, { focus, onClose } = {}) {
  const before = document.activeElement;
  panel.popover = "auto";
  document.body.append(panel);
  panel.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    const inside = panel.contains(document.activeElement) || document.activeElement === document.body;
    panel.remove();
    anchor.setAttribute("aria-expanded", "false");
    if (inside && before instanceof HTMLElement) (before.isConnected ? before : anchor).focus({ preventScroll: true });
    onClose?.();
  });
  panel.showPopover();
  const { left, top } = placeBeside(anchor.getBoundingClientRect(), panel.getBoundingClientRect(), {
    width: document.documentElement.clientWidth,
    height: window.visualViewport?.height ?? window.innerHeight,
  });
  panel.style.left = `${left}px`;
  panel.style.top = `${top}px`;
  anchor.setAttribute("aria-expanded", "true");
  focus?.focus({ preventScroll: true });
  return () => panel.isConnected && panel.hidePopover();
}
