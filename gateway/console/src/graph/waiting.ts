/**
 * What waits without an answer. Rates and percentiles are of requests that were answered: a service
 * that hangs has none, and would look idle just when somebody should see it.
 */
import type { Graph, GraphNode } from "../api/types";

/** Since when requests were in flight each time a node was looked at: seconds since 1970. */
export type Busy = ReadonlyMap<string, number>;

export interface Wait {
  inFlight: number;
  /** At least one request has waited that long. */
  seconds: number;
}

export const NO_WAIT: Wait = { inFlight: 0, seconds: 0 };

export function follow(before: Busy, { at, nodes }: Graph): Busy {
  const busy = nodes.filter(node => node.in_flight > 0);
  return new Map(busy.map(({ id }) => [id, before.get(id) ?? at]));
}

/** What was in flight when the last answer came, or when it was first seen, still is. */
export function waitOf(node: GraphNode, busy: Busy, at: number): Wait {
  const since = busy.get(node.id);
  if (since === undefined || node.in_flight === 0) return { ...NO_WAIT, inFlight: node.in_flight };
  const quiet = at - Math.max(since, node.stats.last_seen ?? 0);
  return { inFlight: node.in_flight, seconds: Math.max(0, Math.round(quiet)) };
}

/** The graph with services that have in flight what their endpoints have. */
export function filled(graph: Graph): Graph {
  const byId = new Map(graph.nodes.map(node => [node.id, node]));
  const sums = new Map<string, number>();
  for (const { from, to } of graph.links) {
    const endpoint = byId.get(to);
    if (endpoint?.kind !== "endpoint") continue;
    sums.set(from, (sums.get(from) ?? 0) + endpoint.in_flight);
  }
  const nodes = graph.nodes.map(node => {
    const inFlight = sums.get(node.id) ?? 0;
    return inFlight > node.in_flight ? { ...node, in_flight: inFlight } : node;
  });
  return { ...graph, nodes };
}
