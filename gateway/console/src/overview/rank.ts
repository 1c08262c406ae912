/** How a route is, and which ones to look at first. */
import type { RouteStatus } from "../api/types";
import type { Health } from "../ui/parts";

/** Of all requests. */
const MANY_FAIL = 0.1;
const SOME_FAIL = 0.01;
const SLOW_MS = 1_000;

type Measured = Pick<RouteStatus, "suspended" | "stats">;

export function healthOf({ suspended, stats }: Measured): Health {
  if (suspended !== null) return "off";
  if (stats.requests === 0) return "idle";
  const failed = stats.error_share ?? 0;
  if (failed >= MANY_FAIL) return "bad";
  if (failed >= SOME_FAIL || (stats.p99_ms ?? 0) >= SLOW_MS) return "warn";
  return "good";
}

const RANKS: Record<Health, number> = { bad: 0, warn: 1, off: 2, good: 3, idle: 4 };

/** Those in the worst state first; in the same state the slowest. */
export function ranked<T extends Measured>(routes: T[]): T[] {
  const rank = (route: T) => RANKS[healthOf(route)];
  const slowness = (route: T) => route.stats.p99_ms ?? 0;
  return [...routes].sort((a, b) => rank(a) - rank(b) || slowness(b) - slowness(a));
}
