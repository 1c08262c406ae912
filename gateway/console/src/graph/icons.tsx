/** Small marks of what is special about a node. Their words are in the tool tip. */
import type { Badge } from "../api/types";

type Icon = Badge["kind"] | "sight";

const PATHS: Record<Icon, string> = {
  timeout: "M8 2.2a5.8 5.8 0 1 0 .01 0ZM8 4.8V8l2.3 1.6",
  split: "M8 14V9M8 9 3.5 4M8 9l4.5-5M3.5 7.5V4H7M9 4h3.5v3.5",
  suspended: "M5.5 3v10M10.5 3v10",
  plugin: "M6 2v4M10 2v4M3.5 6h9v2a4.5 4.5 0 0 1-9 0ZM8 12.5V15",
  unhealthy: "M8 2 14.5 13.5h-13ZM8 6.5v3.2M8 11.4v.4",
  canary: "M8 2.2a5.8 5.8 0 1 0 .01 0ZM8 2.2V8h5.8",
  sight: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8ZM3 13.5l10-11",
};

export const MEANINGS: Record<Icon, string> = {
  timeout: "a rule has a timeout",
  split: "traffic is split by weight",
  suspended: "suspended: takes no requests",
  plugin: "plugins filter its requests",
  unhealthy: "an endpoint is not well",
  canary: "a canary of a plugin runs",
  sight: "what it does and calls is not known",
};

export function Icon({ kind, words }: { kind: Icon; words: string }) {
  return (
    <span class={`graph-icon ${kind}`} title={words}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={PATHS[kind]} />
      </svg>
    </span>
  );
}
