/** How a service is: by its answers, and by how many of its endpoints take requests. */
import type { EndpointStatus, RouteStatus, ServiceStatus, Stats } from "../../api/types";
import { healthOf } from "../../overview/rank";
import { milliseconds, share } from "../../ui/format";
import type { Health } from "../../ui/parts";

interface Verdict {
  health: Health;
  why: string | null;
}

const MARKS: Record<EndpointStatus["health"], Health> = {
  healthy: "good",
  degraded: "warn",
  failing: "bad",
  idle: "idle",
  suspended: "off",
  unresolved: "bad",
};

export function endpointHealth({ health }: Pick<EndpointStatus, "health">): Health {
  return MARKS[health];
}

export function isUp({ health }: Pick<EndpointStatus, "health">): boolean {
  return health === "healthy" || health === "degraded" || health === "idle";
}

/** Without what the mark beside it says. */
export function endpointWhy(endpoint: EndpointStatus | undefined): string | null {
  if (!endpoint) return null;
  return endpoint.why?.replace(/^suspended: /, "") ?? endpoint.suspended;
}

/** In words too: why it is not simply well. */
export function serviceHealth(service: ServiceStatus): Verdict {
  const { suspended, endpoints, stats } = service;
  if (suspended !== null) return { health: "off", why: suspended };
  const down = endpoints.filter(endpoint => !isUp(endpoint));
  if (endpoints.length === 0) return { health: "bad", why: "it has no endpoint" };
  if (endpoints.every(one => one.health === "suspended"))
    return { health: "off", why: endpointWhy(endpoints[0]) };
  if (down.length === endpoints.length)
    return { health: "bad", why: endpointWhy(down[0]) ?? "no endpoint takes requests" };
  const health = healthOf({ suspended: null, stats });
  if (down.length > 0 && health !== "bad")
    return { health: "warn", why: `${down.length} of ${endpoints.length} endpoints are out` };
  if (health === "bad") return { health, why: failing(stats) };
  if (health === "warn")
    return { health, why: (stats.error_share ?? 0) >= 0.01 ? failing(stats) : slow(stats) };
  return { health, why: null };
}

/** The same for a route. */
export function routeHealth({
  suspended,
  stats,
}: Pick<RouteStatus, "suspended" | "stats">): Verdict {
  const health = healthOf({ suspended, stats });
  if (suspended !== null) return { health, why: suspended };
  if (health !== "bad" && health !== "warn") return { health, why: null };
  return { health, why: (stats.error_share ?? 0) >= 0.01 ? failing(stats) : slow(stats) };
}

function failing({ error_share }: Stats): string {
  return `${share(error_share)} of its requests fail`;
}

function slow({ p99_ms }: Stats): string {
  return `the slowest of 100 take ${milliseconds(p99_ms)}`;
}

export const HEALTH_WORDS: Record<Health, string> = {
  good: "well",
  warn: "not quite well",
  bad: "not well",
  idle: "no requests",
  off: "suspended",
};
