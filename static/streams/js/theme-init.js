// @ts-check
// The only classic script: it runs before the first paint, so a chosen theme never flashes the other one.

(() => {
  const root = document.documentElement;
  root.classList.replace("no-js", "js");
  try {
    const theme = localStorage.getItem("streams.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage may be refused; the system's theme is a fine answer.
  }
})();
