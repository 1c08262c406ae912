/** How a service is: by its answers, and by how many of its endpoints take requests. */
import type { EndpointStatus, ServiceStatus } from "../../api/types";
import { healthOf } from "../../overview/rank";
import type { Health } from "../../ui/parts";

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

/** In words too: why it is not simply well. */
export function serviceHealth(service: ServiceStatus): { health: Health; why: string | null } {
  const { suspended, endpoints, stats } = service;
  if (suspended !== null) return { health: "off", why: `suspended: ${suspended}` };
  const down = endpoints.filter(endpoint => !isUp(endpoint));
  if (endpoints.length === 0) return { health: "bad", why: "it has no endpoint" };
  if (down.length === endpoints.length)
    return { health: "bad", why: down[0]?.why ?? "no endpoint takes requests" };
  const health = healthOf({ suspended: null, stats });
  if (down.length > 0 && health !== "bad")
    return { health: "warn", why: `${down.length} of ${endpoints.length} endpoints are out` };
  if (health === "bad") return { health, why: "many of its requests fail" };
  if (health === "warn")
    return { health, why: (stats.error_share ?? 0) >= 0.01 ? "some fail" : "slow" };
  return { health, why: null };
}

export const HEALTH_WORDS: Record<Health, string> = {
  good: "well",
  warn: "not quite well",
  bad: "not well",
  idle: "no requests",
  off: "suspended",
};
