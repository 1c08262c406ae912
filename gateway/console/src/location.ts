/** Where the reader is: `#/traces/12?q=status:5xx`. Everything that can be seen has an address. */
import { computed, signal } from "@preact/signals";

export interface Location {
  /** Without the `#`: `/traces/12`. */
  path: string;
  /** Decoded parts: `["traces", "12"]`. */
  parts: string[];
  query: URLSearchParams;
}

export function parse(hash: string): Location {
  const text = hash.replace(/^#/, "") || "/";
  const at = text.indexOf("?");
  const [path, query] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  const parts = path.split("/").filter(Boolean).map(decode);
  return { path, parts, query: new URLSearchParams(query) };
}

/** A link to a page: `href("/traces", { q: "status:5xx" })`; parts must be encoded with [`part`]. */
export function href(path: string, query: Record<string, string | undefined> = {}): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const text = new URLSearchParams(entries).toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

/** A name as a part of a path. */
export const part = encodeURIComponent;

const hash = signal(window.location.hash);
window.addEventListener("hashchange", () => (hash.value = window.location.hash));

export const here = computed(() => parse(hash.value));

export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") window.location.hash = to;
  else {
    window.history.replaceState(null, "", to);
    hash.value = to;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
