/** Dark or light. `public/theme.js` decides it before the first paint; from then on this does. */
import { computed, effect, signal } from "@preact/signals";

export type Theme = "system" | "dark" | "light";

/** Also in `public/theme.js`. */
const KEY = "portico.theme";
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

/** What the reader has chosen. */
export const theme = signal<Theme>(read());
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener?.("change", event => (systemIsDark.value = event.matches));

/** What is shown. */
export const isDark = computed(() =>
  theme.value === "system" ? systemIsDark.value : theme.value === "dark",
);
effect(() => {
  document.documentElement.dataset["theme"] = isDark.value ? "dark" : "light";
});

export function choose(now: Theme): void {
  theme.value = now;
  try {
    if (now === "system") window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, now);
  } catch {
    // Storage is forbidden: the choice holds until the page is left.
  }
}

function read(): Theme {
  try {
    const kept = window.localStorage.getItem(KEY);
    return kept === "dark" || kept === "light" ? kept : "system";
  } catch {
    return "system";
  }
}
