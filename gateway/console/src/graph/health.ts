/** When a node or a link is well, and the words for it when it is not. */
import type { GraphNode, Stats } from "../api/types";
import { milliseconds, share } from "../ui/format";
import type { Health } from "../ui/parts";

export interface Verdict {
  health: Health;
  /** `p50 12 s`, `4 % errors`; null if there is nothing to say. */
  why: string | null;
}

const ERRORS_WARN = 0.01;
const ERRORS_BAD = 0.1;
/** Longer than this, and somebody in front of a page notices that it hangs. */
const SLOW_MS = 1_000;

const ORDER: Health[] = ["off", "idle", "good", "warn", "bad"];

export function judge(stats: Stats): Verdict {
  if (stats.requests === 0) return { health: "idle", why: null };
  const errors = stats.error_share ?? 0;
  const failing = `${share(errors)} errors`;
  if (errors >= ERRORS_BAD) return { health: "bad", why: failing };
  // Not a slow one now and then: half of them.
  if ((stats.p50_ms ?? 0) >= SLOW_MS) {
    return { health: "bad", why: `p50 ${milliseconds(stats.p50_ms)}` };
  }
  if (errors >= ERRORS_WARN) return { health: "warn", why: failing };
  if ((stats.p99_ms ?? 0) >= SLOW_MS) {
    return { health: "warn", why: `p99 ${milliseconds(stats.p99_ms)}` };
  }
  return { health: "good", why: null };
}

export function judgeNode(node: GraphNode): Verdict {
  const has = (kind: string) => node.badges.some(badge => badge.kind === kind);
  if (has("suspended")) return { health: "off", why: "suspended" };
  const verdict = judge(node.stats);
  if (has("unhealthy") && verdict.health !== "bad") return { health: "warn", why: "unhealthy" };
  // Requests are there, and none has come back yet: neither idle nor known to be well.
  if (verdict.health === "idle" && node.in_flight > 0) {
    return { health: "warn", why: `${node.in_flight} waiting` };
  }
  return verdict;
}

export function worst(...all: Health[]): Health {
  return all.reduce((a, b) => (ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a), "off");
}

/** For those who read words: `good`, `suspended`. */
export const WORDS: Record<Health, string> = {
  good: "good",
  warn: "needs attention",
  bad: "bad",
  idle: "idle",
  off: "suspended",
};
