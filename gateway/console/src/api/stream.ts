/**
 * What the gateway tells by itself: one event stream for all pages, that comes back when it breaks.
 * What is shown while it is broken is stale, and `link` says since when.
 */
import { computed, signal } from "@preact/signals";

import type { Graph, GraphChanges, GraphLink, Overview, Particle } from "./types";

export type Link =
  | { state: "connecting" }
  | { state: "live" }
  /** What is shown is from `since` (ms since 1970). */
  | { state: "lost"; since: number; attempt: number };

export const link = signal<Link>({ state: "connecting" });
export const overview = signal<Overview | null>(null);
export const graph = signal<Graph | null>(null);
/** Counts applied and refused configurations, so that pages read again what depends on them. */
export const configurations = signal(0);

export const isStale = computed(() => link.value.state === "lost");

type Listener = (particles: Particle[]) => void;
const listeners = new Set<Listener>();

/** Told about requests as the gateway keeps them; returns how to stop. */
export function onRequests(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** An open stream says something at least this often (the gateway sends an overview each second). */
const SILENCE_MS = 5_000;
const RETRY_MS = [250, 500, 1_000, 2_000, 3_000];

let source: EventSource | null = null;
let silence: number | undefined;
let retry: number | undefined;
let attempt = 0;
let heard = Date.now();

/** Begins; pages need not call it. */
export function listen(path = "/api/v1/stream"): void {
  stop();
  const opened = new EventSource(path);
  source = opened;
  const on = <T>(event: string, take: (data: T) => void) =>
    opened.addEventListener(event, message => {
      alive();
      take(JSON.parse((message as MessageEvent<string>).data) as T);
    });
  on<Overview>("overview", now => (overview.value = now));
  on<Graph>("graph", now => (graph.value = now));
  on<GraphChanges>("graph_changes", changes => {
    if (graph.value) graph.value = apply(graph.value, changes);
  });
  on<Particle[]>("requests", particles => listeners.forEach(listener => listener(particles)));
  on<unknown>("configuration", () => (configurations.value += 1));
  opened.onopen = alive;
  opened.onerror = () => lost(path);
  watch(path);
}

/** Nothing more is told until [`listen`]. */
export function stop(): void {
  source?.close();
  source = null;
  window.clearTimeout(silence);
  window.clearTimeout(retry);
}

function alive(): void {
  heard = Date.now();
  attempt = 0;
  if (link.value.state !== "live") link.value = { state: "live" };
}

function lost(path: string): void {
  stop();
  attempt += 1;
  const since = link.value.state === "lost" ? link.value.since : heard;
  link.value = { state: "lost", since, attempt };
  const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1] ?? 3_000;
  retry = window.setTimeout(() => listen(path), wait);
}

function watch(path: string): void {
  window.clearTimeout(silence);
  const look = () => {
    if (Date.now() - heard > SILENCE_MS && link.value.state === "live") lost(path);
    else silence = window.setTimeout(look, 1_000);
  };
  silence = window.setTimeout(look, SILENCE_MS);
}

/** The graph with what has changed in it; order of nodes and links stays. */
export function apply(before: Graph, changes: GraphChanges): Graph {
  const linkId = (from: string, to: string) => `${from}\n${to}`;
  const nodes = new Map(before.nodes.map(node => [node.id, node]));
  const links = new Map(before.links.map(link => [linkId(link.from, link.to), link] as const));
  changes.gone_nodes.forEach(id => nodes.delete(id));
  changes.gone_links.forEach(([from, to]) => links.delete(linkId(from, to)));
  changes.nodes.forEach(node => nodes.set(node.id, node));
  changes.links.forEach((link: GraphLink) => links.set(linkId(link.from, link.to), link));
  return {
    ...before,
    at: changes.at,
    window_seconds: changes.window_seconds,
    since: changes.since,
    nodes: [...nodes.values()],
    links: [...links.values()],
    sight: changes.sight ?? before.sight,
  };
}
