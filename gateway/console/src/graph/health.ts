/** When a node or a link is well, and the words for it when it is not. */
import type { GraphNode, Stats } from "../api/types";
import { milliseconds, share } from "../ui/format";
import type { Health } from "../ui/parts";
import { NO_WAIT, type Wait } from "./waiting";

export interface Verdict {
  health: Health;
  /** `p50 12 s`, `4 % errors`; null if there is nothing to say. */
  why: string | null;
}

const ERRORS_WARN = 0.01;
const ERRORS_BAD = 0.1;
/** Longer than this, and somebody in front of a page notices that it hangs. */
const SLOW_MS = 1_000;
/** Half of the requests take so long: what is used is not usable. A timeout of a second is not it. */
const HANGING_MS = 2_000;
/** As long, with what seconds of different clocks may differ. */
const STUCK_SECONDS = 2;
/** Fewer in flight than this may be chance. */
const A_PILE = 5;

export function judge(stats: Stats, { inFlight, seconds }: Wait = NO_WAIT): Verdict {
  if (seconds >= STUCK_SECONDS) {
    return { health: "bad", why: `${inFlight} waiting · ${seconds} s` };
  }
  // Requests are there, and none has come back: neither idle nor known to be well.
  if (stats.requests === 0 && inFlight > 0) return { health: "warn", why: `${inFlight} waiting` };
  if (stats.requests === 0) return { health: "idle", why: null };
  const errors = stats.error_share ?? 0;
  const failing = `${share(errors)} errors`;
  if (errors >= ERRORS_BAD) return { health: "bad", why: failing };
  // Not a slow one now and then: half of them.
  const p50 = `p50 ${milliseconds(stats.p50_ms)}`;
  if ((stats.p50_ms ?? 0) >= HANGING_MS) return { health: "bad", why: p50 };
  if (errors >= ERRORS_WARN) return { health: "warn", why: failing };
  if ((stats.p50_ms ?? 0) >= SLOW_MS) return { health: "warn", why: p50 };
  if ((stats.p99_ms ?? 0) >= SLOW_MS) {
    return { health: "warn", why: `p99 ${milliseconds(stats.p99_ms)}` };
  }
  // In the mean each stays as long as so many can be answered (Little's law).
  const stay = (inFlight / stats.requests_per_second) * 1_000;
  if (inFlight >= A_PILE && stay >= SLOW_MS) return { health: "warn", why: `${inFlight} waiting` };
  return { health: "good", why: null };
}

export function judgeNode(node: GraphNode, wait?: Wait): Verdict {
  const has = (kind: string) => node.badges.some(badge => badge.kind === kind);
  if (has("suspended")) return { health: "off", why: "suspended" };
  const verdict = judge(node.stats, wait ?? { ...NO_WAIT, inFlight: node.in_flight });
  if (has("unhealthy") && verdict.health !== "bad") return { health: "warn", why: "unhealthy" };
  return verdict;
}

/** For those who read words: `good`, `suspended`. */
export const WORDS: Record<Health, string> = {
  good: "good",
  warn: "needs attention",
  bad: "bad",
  idle: "idle",
  off: "suspended",
};
