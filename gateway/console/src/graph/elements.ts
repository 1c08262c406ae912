/** The graph as it is drawn: which nodes and links, and how each looks. */
import type { Graph, GraphLink, GraphNode, Stats } from "../api/types";
import { milliseconds, rate, share } from "../ui/format";
import type { Health } from "../ui/parts";
import { ofLink, ofNode, type Search } from "./find";
import { judge, judgeNode, type Verdict } from "./health";
import { type Busy, NO_WAIT, type Wait, waitOf } from "./waiting";

export type LabelKind = "auto" | "rate" | "errors" | "p50" | "p99" | "share" | "none";

export const LABELS: [LabelKind, string][] = [
  ["auto", "rate, or what is wrong"],
  ["rate", "requests per second"],
  ["errors", "share of errors"],
  ["p50", "p50"],
  ["p99", "p99"],
  ["share", "share of traffic"],
  ["none", "nothing"],
];

export interface ShownNode extends GraphNode {
  verdict: Verdict;
  /** The sentence why nothing is known behind it. */
  sightEnds: string | null;
  isFound: boolean;
}

export interface ShownLink extends GraphLink {
  id: string;
  verdict: Verdict;
  label: string;
  width: number;
  /** Where its label stands: where links that meet or part are furthest from each other. */
  side: "source" | "middle" | "target";
  isFound: boolean;
}

export interface Shown {
  nodes: ShownNode[];
  links: ShownLink[];
  /** Something is looked for: the rest steps back. */
  isSearching: boolean;
  hidden: number;
}

export interface Choice {
  endpoints: boolean;
  label: LabelKind;
  find: Search;
  hide: Search;
}

/** More endpoints than this are not shown until somebody asks. */
export const MANY_ENDPOINTS = 16;

/** From this many links on, everything is drawn plainly. */
export const MANY_LINKS = 400;

const SHAPES: Partial<Record<Health, string>> = { warn: "▲ ", bad: "◆ " };
/** Lines are this thick at least, so that trouble is seen where there is little traffic. */
const LEAST_WIDTH: Record<Health, number> = { bad: 4, warn: 3, good: 1.5, idle: 1.2, off: 1.5 };

export function linkId(from: string, to: string): string {
  return `${from}\n${to}`;
}

/** Whether endpoints are shown as long as nobody has chosen. */
export function endpointsByDefault(graph: Graph): boolean {
  return graph.nodes.filter(node => node.kind === "endpoint").length <= MANY_ENDPOINTS;
}

/** Nodes and links to lay out: all but endpoints that are folded into their services. */
export function unfolded(graph: Graph, endpoints: boolean): Pick<Graph, "nodes" | "links"> {
  if (endpoints) return graph;
  const folded = new Map(
    graph.nodes.filter(node => node.kind === "endpoint").map(node => [node.id, node]),
  );
  const sick = new Map<string, string[]>();
  for (const { from, to } of graph.links) {
    const endpoint = folded.get(to);
    const own = endpoint?.badges.filter(badge => badge.kind === "unhealthy") ?? [];
    if (own.length === 0) continue;
    sick.set(from, [...(sick.get(from) ?? []), ...own.map(badge => badge.words)]);
  }
  const nodes = graph.nodes.filter(node => !folded.has(node.id));
  return {
    // A sick endpoint that is not shown makes its service say so.
    nodes: nodes.map(node => {
      const words = sick.get(node.id);
      if (!words || node.badges.some(badge => badge.kind === "unhealthy")) return node;
      return {
        ...node,
        badges: [...node.badges, { kind: "unhealthy" as const, words: words.join(" ") }],
      };
    }),
    links: graph.links.filter(link => !folded.has(link.to) && !folded.has(link.from)),
  };
}

export function show(graph: Graph, choice: Choice, busy: Busy = new Map()): Shown {
  const { nodes, links } = unfolded(graph, choice.endpoints);
  const byId = new Map(nodes.map(node => [node.id, node]));
  const ends = new Map(graph.sight.map(sight => [sight.service, sight] as const));
  const left = nodes.filter(node => !choice.hide.matches(ofNode(node)));
  const isLeft = new Set(left.map(node => node.id));
  const sideOf = sides(links);
  const waits = new Map(nodes.map(node => [node.id, waitOf(node, busy, graph.at)]));
  const waitOnLink = onLinks(links, waits);
  const sent = new Map<string, number>();
  links.forEach(({ from, stats }) => sent.set(from, (sent.get(from) ?? 0) + stats.requests));
  const shownLinks = links.flatMap(link => {
    const [from, to] = [byId.get(link.from), byId.get(link.to)];
    if (!from || !to || !isLeft.has(link.from) || !isLeft.has(link.to)) return [];
    const subject = ofLink(link, from, to);
    if (choice.hide.matches(subject)) return [];
    const verdict = judge(link.stats, waitOnLink(link));
    const id = linkId(link.from, link.to);
    const label = labelOf(choice.label, link.stats, verdict, sent.get(link.from) ?? 0);
    const isFound = choice.find.matches(subject);
    const width = widthOf(link.stats, verdict);
    return [{ ...link, id, verdict, label, width, side: sideOf(link), isFound }];
  });
  const shownNodes = left.map(node => {
    const sight = node.kind === "service" ? ends.get(node.name) : undefined;
    const sightEnds = sight?.["ends_here"] === true ? String(sight["words"] ?? "") : null;
    const isFound = choice.find.matches(ofNode(node));
    return { ...node, verdict: judgeNode(node, waits.get(node.id)), sightEnds, isFound };
  });
  return {
    nodes: shownNodes,
    links: shownLinks,
    isSearching: !choice.find.isEmpty,
    hidden: nodes.length - left.length,
  };
}

/** The line of small print in a node. */
export function inNumbers({ stats, verdict }: Pick<ShownNode, "stats" | "verdict">): string {
  if (verdict.health === "off") return "suspended";
  if (stats.requests === 0) return verdict.why ?? "idle";
  const slowness = stats.p99_ms === null ? null : `p99 ${milliseconds(stats.p99_ms)}`;
  return [rate(stats.requests_per_second), verdict.why ?? slowness].filter(Boolean).join(" · ");
}

function sides(links: GraphLink[]): (link: GraphLink) => ShownLink["side"] {
  const out = new Map<string, number>();
  const into = new Map<string, number>();
  for (const { from, to } of links) {
    out.set(from, (out.get(from) ?? 0) + 1);
    into.set(to, (into.get(to) ?? 0) + 1);
  }
  return ({ from, to }) => {
    const difference = (out.get(from) ?? 0) - (into.get(to) ?? 0);
    return difference > 0 ? "target" : difference < 0 ? "source" : "middle";
  };
}

/** What waits behind a link, if it came this way: by the only link, or from where some wait too. */
function onLinks(links: GraphLink[], waits: Map<string, Wait>): (link: GraphLink) => Wait {
  const ways = new Map<string, number>();
  links.forEach(({ to }) => ways.set(to, (ways.get(to) ?? 0) + 1));
  return ({ from, to }) => {
    const [before, behind] = [waits.get(from), waits.get(to)];
    if (!behind) return NO_WAIT;
    if (ways.get(to) === 1) return behind;
    return before && before.seconds > 0 ? { ...behind, inFlight: before.inFlight } : NO_WAIT;
  };
}

/**
 * One short line, as there is no room for more between nodes: what is wrong is said where nothing
 * was answered. How long that has been so stands in the node.
 */
function labelOf(kind: LabelKind, stats: Stats, verdict: Verdict, sent: number): string {
  if (kind === "none") return "";
  const mark = SHAPES[verdict.health] ?? "";
  if (stats.requests === 0) return verdict.why ? mark + verdict.why.replace(/ · .*/, "") : "";
  const number = {
    auto: rate(stats.requests_per_second),
    rate: rate(stats.requests_per_second),
    errors: share(stats.error_share),
    p50: milliseconds(stats.p50_ms),
    p99: milliseconds(stats.p99_ms),
    share: share(sent > 0 ? stats.requests / sent : null),
  }[kind];
  return mark + number;
}

/** Ten times the traffic is one step thicker. */
function widthOf(stats: Stats, verdict: Verdict): number {
  const width = 1.5 + 1.1 * Math.log10(1 + stats.requests_per_second * 10);
  return Math.round(Math.min(8, Math.max(LEAST_WIDTH[verdict.health], width)) * 10) / 10;
}
