/** Keys that work on every page: `g o` goes to the overview, `/` searches, `?` lists the keys. */

export const PLACES: Record<string, { to: string; label: string }> = {
  o: { to: "#/", label: "Overview" },
  g: { to: "#/graph", label: "Graph" },
  r: { to: "#/routes", label: "Routes" },
  s: { to: "#/services", label: "Services" },
  t: { to: "#/traces", label: "Traces" },
  e: { to: "#/explain", label: "Explain" },
  p: { to: "#/plugins", label: "Plugins" },
  c: { to: "#/configuration", label: "Configuration" },
};

/** After `g`, the next key is waited for so long. */
export const PATIENCE_MS = 1_500;

export type Act = { go: string } | "search" | "keys";

export interface Pressed {
  /** `g` was pressed then. */
  since: number | null;
  act: Act | null;
}

/** What a key means, `since` being when `g` was pressed before it. */
export function press(since: number | null, key: string, now: number): Pressed {
  const isSecond = since !== null && now - since <= PATIENCE_MS;
  if (isSecond) {
    const place = PLACES[key];
    return { since: null, act: place ? { go: place.to } : null };
  }
  if (key === "g") return { since: now, act: null };
  if (key === "/") return { since: null, act: "search" };
  if (key === "?") return { since: null, act: "keys" };
  return { since: null, act: null };
}

/** Whether a key belongs to whoever has the focus, or to the browser. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.querySelector("dialog[open]")) return true;
  const target = event.target as HTMLElement | null;
  return !!target?.closest?.("input, textarea, select, [contenteditable]");
}
