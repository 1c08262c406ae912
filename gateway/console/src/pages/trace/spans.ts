/** What the spans of a trace say, in words. */
import type { Span, Trace, Whole } from "../../api/traces";

/** The name of the gateway's own spans. */
export const GATEWAY = "portico";

export function attribute(span: Span, name: string): string | null {
  const found = span.attributes.find(([other]) => other === name);
  return found ? String(found[1]) : null;
}

export function isGateway(span: Span): boolean {
  return !span.reported;
}

/** A request as it came to the gateway. */
export function isExchange(span: Span): boolean {
  return isGateway(span) && span.kind === "server";
}

/** One try of the gateway to get a request to a service. */
export function isAttempt(span: Span): boolean {
  return isGateway(span) && span.kind === "client" && peer(span) !== null;
}

export function peer(span: Span): string | null {
  return attribute(span, "service.peer.name") ?? attribute(span, "peer.service");
}

/** `GET /api/staff`, `waits for staff`, `filter tracing`, or what the service called it. */
export function title(span: Span): string {
  if (isExchange(span)) {
    const method = attribute(span, "http.request.method");
    const path = attribute(span, "url.path");
    return method && path ? `${method} ${path}` : span.name;
  }
  if (isAttempt(span)) return `asks ${peer(span) ?? "a service"}`;
  return span.name;
}

/** The index of each span's parent; told from order and depth. */
export function parents(spans: { depth: number }[]): (number | null)[] {
  const above: number[] = [];
  return spans.map((span, at) => {
    above.length = Math.min(above.length, span.depth);
    const parent = above.at(-1) ?? null;
    above.push(at);
    return parent;
  });
}

/** Who made the trace take as long as it took. */
export interface Culprit {
  service: string;
  /** The route by which the gateway asked it. */
  route: string | null;
  waited_us: number;
  /** Of the whole trace, 0 to 1. */
  share: number;
  hasTimedOut: boolean;
}

/** The service for which the gateway waited longest while nothing else that is known went on. */
export function culprit(trace: Trace): Culprit | null {
  const above = parents(trace.spans);
  const waits = new Map<number, number>();
  trace.spans.forEach((span, at) => {
    const attempt = isGateway(span) && !isAttempt(span) ? null : attemptOf(trace, above, at);
    if (attempt !== null) waits.set(attempt, (waits.get(attempt) ?? 0) + span.critical_us);
  });
  let best: [number, number] | null = null;
  for (const [at, us] of waits) if (!best || us > best[1]) best = [at, us];
  if (!best || best[1] === 0) return null;
  const [span, waited_us] = best;
  const attempt = trace.spans[span]!;
  return {
    service: peer(attempt) ?? "a service",
    route: routeOf(trace, above, span),
    waited_us,
    share: waited_us / Math.max(1, trace.took_us),
    hasTimedOut: attribute(attempt, "portico.outcome") === "timed_out",
  };
}

/** What the request's own record says, where the spans do not tell. */
export function ownWait({ summary, attempts }: Whole): Culprit | null {
  const { service, route, took_us } = summary;
  const waited_us = attempts.reduce((all, attempt) => all + attempt.took_us, 0);
  if (!service || waited_us === 0) return null;
  const share = waited_us / Math.max(1, took_us);
  const hasTimedOut = attempts.at(-1)?.outcome === "timed_out";
  return { service, route, waited_us, share, hasTimedOut };
}

/** The attempt that a span belongs to: itself, or the next one above without an exchange between. */
function attemptOf(trace: Trace, above: (number | null)[], at: number): number | null {
  for (let now: number | null = at; now !== null; now = above[now] ?? null) {
    const span = trace.spans[now]!;
    if (isAttempt(span)) return now;
    if (isExchange(span)) return null;
  }
  return null;
}

function routeOf(trace: Trace, above: (number | null)[], at: number): string | null {
  for (let now: number | null = at; now !== null; now = above[now] ?? null) {
    const span = trace.spans[now]!;
    if (!isExchange(span)) continue;
    // `staff/0` is rule 0 of route `staff`; `http.route` may be what somebody else calls it.
    const rule = attribute(span, "portico.rule");
    return rule ? rule.slice(0, rule.lastIndexOf("/")) : attribute(span, "http.route");
  }
  return null;
}
