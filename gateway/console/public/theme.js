// Before the first paint, so that no page flashes in the other theme; `src/ui/theme.ts` goes on.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("portico.theme");
  } catch {
    // Storage is forbidden: the system's choice it is.
  }
  const isDark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
