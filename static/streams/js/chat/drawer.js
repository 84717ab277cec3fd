// @ts-check
// The list of rooms on a small screen: a drawer that takes the focus, and gives it back.

/**
 * @param {object} parts
 * @param {HTMLElement} parts.drawer
 * @param {HTMLButtonElement} parts.opener
 * @param {HTMLButtonElement} parts.closer
 * @param {HTMLElement} parts.shade  what is behind: a click on it closes
 * @param {HTMLElement[]} parts.rest  inert while the drawer is open
 * @param {MediaQueryList} narrow  when it is a drawer at all
 */
export function bindDrawer({ drawer, opener, closer, shade, rest }, narrow) {
  let open = false;

  /** @param {boolean} next */
  function set(next) {
    open = next && narrow.matches;
    drawer.dataset.open = String(open);
    shade.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    drawer.inert = narrow.matches && !open;
    for (const element of rest) element.inert = open;
  }

  opener.addEventListener("click", () => {
    set(true);
    closer.focus();
  });
  const close = () => {
    if (!open) return;
    set(false);
    opener.focus();
  };
  closer.addEventListener("click", close);
  shade.addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  narrow.addEventListener("change", () => set(false));
  set(false);
}
