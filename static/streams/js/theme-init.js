// @ts-check
// The only classic script. It runs before the first paint, so a chosen theme never flashes the other one; and it is
// there when the modules are not: a page whose script did not load says so instead of pretending to connect.

(() => {
  const root = document.documentElement;
  root.classList.replace("no-js", "js");
  try {
    const theme = localStorage.getItem("streams.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be refused; the system's theme is a fine answer.
  }
  window.addEventListener("error", ({ target }) => {
    const notice = document.getElementById("load-failed");
    if (target instanceof HTMLScriptElement && notice) notice.hidden = false;
  }, true);
})();
