/** Graphs for tests. */
import type { Graph, GraphLink, GraphNode, NodeKind, Particle, Stats } from "../api/types";

export function stats(given: Partial<Stats> = {}): Stats {
  return {
    requests: 100,
    requests_per_second: 10,
    errors: 0,
    error_share: 0,
    classes: [0, 0, 100, 0, 0, 0],
    p50_ms: 5,
    p90_ms: 10,
    p99_ms: 20,
    bytes_in: 0,
    bytes_out: 0,
    last_seen: 1,
    ...given,
  };
}

export const IDLE = stats({
  requests: 0,
  requests_per_second: 0,
  error_share: null,
  p50_ms: null,
  p90_ms: null,
  p99_ms: null,
});

export function node(kind: NodeKind, name: string, given: Partial<GraphNode> = {}): GraphNode {
  const id = kind === "client" ? "client" : `${kind}:${name}`;
  return { id, kind, name, in_flight: 0, stats: stats(), badges: [], ...given };
}

export function link(from: string, to: string, given: Partial<Stats> = {}): GraphLink {
  return { from, to, stats: stats(given) };
}

export function graph(nodes: GraphNode[], links: GraphLink[] = []): Graph {
  const moment = { at: 1_000, window_seconds: 10, since: 400, resolution_seconds: 1 };
  return { ...moment, nodes, links, sight: [], note: null };
}

/** The fleet demo: `staff` is what the others wait for. */
export function fleet(): Graph {
  const services = ["web", "staff", "telemetry"];
  return graph(
    [
      node("client", "clients"),
      node("listener", "web"),
      ...services.map(name => node("route", name)),
      ...services.map(name => node("service", name)),
      ...services.map(name => node("endpoint", "127.0.0.1:1", { id: `endpoint:${name}/1` })),
    ],
    [
      link("client", "listener:web"),
      ...services.flatMap(name => [
        link("listener:web", `route:${name}`),
        link(`route:${name}`, `service:${name}`),
        link(`service:${name}`, `endpoint:${name}/1`),
      ]),
    ],
  );
}

/** 60 routes to 200 services by some 2,000 links, always the same. */
export function huge(): Graph {
  const routes = Array.from({ length: 60 }, (_, at) => node("route", `route-${at}`));
  const services = Array.from({ length: 200 }, (_, at) => node("service", `service-${at}`));
  const links = routes.flatMap(({ id, name }, at) => [
    link("listener:web", id),
    ...Array.from({ length: 33 }, (_, turn) =>
      link(`route:${name}`, `service:service-${(at * 37 + turn * 7) % 200}`),
    ),
  ]);
  const first = [node("client", "clients"), node("listener", "web")];
  return graph([...first, ...routes, ...services], [link("client", "listener:web"), ...links]);
}

export function request(given: Partial<Particle> = {}): Particle {
  return {
    seq: 1,
    interest: "sample",
    at_ms: 1_000,
    took_us: 10_000,
    method: "GET",
    scheme: "http",
    host: "localhost",
    target: "/api/staff",
    status: 200,
    answered_by: "service",
    reason: null,
    listener: "web",
    route: "staff",
    service: "staff",
    endpoint: "127.0.0.1:1",
    attempts: 1,
    client: "127.0.0.1",
    request_id: "1",
    trace_id: "1",
    ...given,
  };
}
