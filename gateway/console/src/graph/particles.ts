/**
 * Particles: each is one real request that the gateway has kept, on its way along the links that it
 * took. Which way, how fast, and where it is at a moment; drawing is in `flight.ts`.
 */
import type { Graph, Particle } from "../api/types";
import { isSlow } from "../ui/interest";

export type Look = "ordinary" | "slow" | "failed";

/** A part of a particle's way. */
export interface Leg {
  from: string;
  to: string;
  ms: number;
}

export interface Flying {
  request: Particle;
  look: Look;
  legs: Leg[];
  /** When it sets off, on the clock of `performance.now()`. */
  start: number;
}

/** Most that fly at once: more are not told apart. */
export const MOST = 200;

/** A request slower than this looks slow, whatever its route is used to. */
const SLOW_US = 1_000_000;
/** Through the gateway it takes microseconds; on screen, long enough to follow. */
const GATEWAY_LEG_MS = 450;
const LEAST_MS = 300;
const MOST_MS = 4_000;
/** Requests as slow as this, and slower ones, take `MOST_MS`. */
const SLOWEST_US = 10_000_000;

export function lookOf(request: Particle): Look {
  if (request.interest === "failed" || request.status >= 500 || request.status === 0) {
    return "failed";
  }
  return isSlow(request) || request.took_us >= SLOW_US ? "slow" : "ordinary";
}

/**
 * Time on the way to the service and back: longer for slower requests, between 0.3 and 4 s. Of the
 * square root, so that 10 ms and 100 ms can be told apart as well as 1 s and 10 s.
 */
export function pace(tookUs: number): number {
  const part = Math.sqrt(Math.min(1, Math.max(0, tookUs) / SLOWEST_US));
  return LEAST_MS + (MOST_MS - LEAST_MS) * part;
}

/** Which nodes are called what, for the ways of many requests. */
export interface Atlas {
  ids: ReadonlyMap<string, string>;
  links: ReadonlySet<string>;
}

export function atlas({ nodes, links }: Pick<Graph, "nodes" | "links">): Atlas {
  const ids = new Map<string, string>();
  const kinds = new Map(nodes.map(node => [node.id, node]));
  for (const { id, kind, name } of nodes) {
    ids.set(kind === "client" ? "client" : `${kind} ${name}`, id);
  }
  // Two services may have an endpoint of the same address.
  for (const { from, to } of links) {
    const [service, endpoint] = [kinds.get(from), kinds.get(to)];
    if (endpoint?.kind !== "endpoint" || !service) continue;
    ids.set(`endpoint ${service.name} ${endpoint.name}`, to);
  }
  return { ids, links: new Set(links.map(({ from, to }) => `${from}\n${to}`)) };
}

/** The way of a request along links that are drawn; it ends where the next one is not. */
export function wayOf(request: Particle, { ids, links }: Atlas): Leg[] {
  const { listener, route, service, endpoint } = request;
  const stops = [
    "client",
    listener && `listener ${listener}`,
    route && `route ${route}`,
    service && `service ${service}`,
    service && endpoint && `endpoint ${service} ${endpoint}`,
  ];
  const legs: Leg[] = [];
  let from = ids.get("client");
  for (const stop of stops.slice(1)) {
    const to = stop ? ids.get(stop) : undefined;
    if (!from || !to || !links.has(`${from}\n${to}`)) break;
    legs.push({ from, to, ms: GATEWAY_LEG_MS });
    from = to;
  }
  const beyond = legs.slice(2);
  beyond.forEach(leg => (leg.ms = pace(request.took_us) / beyond.length));
  return legs;
}

/** Which part of the way it is on, and how far; null before it sets off and when it is there. */
export function position(flying: Flying, now: number): { leg: Leg; part: number } | null {
  let left = now - flying.start;
  if (left < 0) return null;
  for (const leg of flying.legs) {
    if (left < leg.ms) return { leg, part: left / leg.ms };
    left -= leg.ms;
  }
  return null;
}

export function isOver(flying: Flying, now: number): boolean {
  return now - flying.start >= flying.legs.reduce((sum, leg) => sum + leg.ms, 0);
}

/**
 * Lets requests set off beside those that fly, spread as they came. If there are too many, ordinary
 * ones give way: what failed is always seen.
 */
export function launch(
  flying: Flying[],
  requests: Particle[],
  atlas: Atlas,
  now: number,
): Flying[] {
  const last = Math.max(...requests.map(request => request.at_ms));
  const fresh = requests.flatMap(request => {
    const legs = wayOf(request, atlas);
    if (legs.length === 0) return [];
    // They come in handfuls, four times a second; a handful must not fly as one.
    const wait = 250 - Math.min(250, last - request.at_ms);
    return [{ request, look: lookOf(request), legs, start: now + wait }];
  });
  const all = [...flying, ...fresh];
  if (all.length <= MOST) return all;
  let spare = all.length - MOST;
  const kept = all.filter((one, at) => {
    const goes = spare > 0 && at >= flying.length && one.look === "ordinary";
    if (goes) spare -= 1;
    return !goes;
  });
  return kept.slice(-MOST);
}

/** How far it is along a line of points: start, bend, middle, bend, end; or start and end only. */
export function along(points: readonly { x: number; y: number }[], part: number) {
  const [a, b, c, d, e] = points;
  if (!a) return { x: 0, y: 0 };
  if (!c || !b) return b ? mix(a, b, part) : a;
  if (!d || !e) return curve(a, b, c, part);
  return part < 0.5 ? curve(a, b, c, part * 2) : curve(c, d, e, part * 2 - 1);
}

type Point = { x: number; y: number };

function mix(a: Point, b: Point, part: number): Point {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}

function curve(a: Point, b: Point, c: Point, part: number): Point {
  return mix(mix(a, b, part), mix(b, c, part), part);
}
