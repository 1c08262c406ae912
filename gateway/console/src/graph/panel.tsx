/** What is known of the chosen node or link, what can be done about it, and its latest requests. */
import type { ComponentChildren } from "preact";

import { get } from "../api/client";
import type { Graph, History, Particle } from "../api/types";
import { href, part } from "../location";
import { useLoad } from "../ui/load";
import { Button, HealthMark, Panel } from "../ui/parts";
import { Actions } from "./actions";
import type { Shown, ShownLink, ShownNode } from "./elements";
import { WORDS } from "./health";
import { Icon } from "./icons";
import { Latest } from "./latest";
import { Numbers } from "./numbers";
import { Spark } from "./spark";

interface Props {
  graph: Graph;
  shown: Shown;
  selected: string | null;
  close: () => void;
  choose: (id: string) => void;
  /** It is now: requests come in, and changes make sense. */
  isLive: boolean;
}

export function Side(props: Props) {
  const { shown, selected, isLive } = props;
  const node = shown.nodes.find(({ id }) => id === selected);
  const link = shown.links.find(({ id }) => id === selected);
  const service = node ? serviceOf(node, props.graph) : null;
  const of = node ? matching(node, service) : link ? between(link, props.graph) : () => true;
  const query = node ? queryOf(node, service) : link ? queryOfLink(link, props.graph) : "";
  return (
    <aside class="graph-side" aria-label="Details">
      {node && <NodePanel {...props} node={node} service={service} />}
      {link && <LinkPanel {...props} link={link} />}
      {!node && !link && <Worst {...props} />}
      {isLive && <Latest of={of} query={query} key={selected ?? ""} />}
    </aside>
  );
}

/** Where to look first, as long as nothing is chosen. */
function Worst({ shown, choose }: Props) {
  const wrong = shown.nodes
    .filter(({ kind }) => kind === "route" || kind === "service" || kind === "endpoint")
    .filter(({ verdict }) => verdict.health === "bad" || verdict.health === "warn")
    .sort(
      (a, b) =>
        rank(b) - rank(a) ||
        (b.stats.p50_ms ?? 0) - (a.stats.p50_ms ?? 0) ||
        b.in_flight - a.in_flight,
    );
  const hint = "Choose a node or a link to see its numbers and what can be done about it.";
  if (wrong.length === 0) return <p class="graph-hint">{hint}</p>;
  return (
    <Panel title="Not well">
      <ul class="graph-list">
        {wrong.slice(0, 6).map(({ id, kind, name, verdict }) => (
          <li key={id}>
            <HealthMark health={verdict.health} />
            <Button look="quiet" onClick={() => choose(id)}>
              {kind} {name}
            </Button>
            <span>{verdict.why}</span>
          </li>
        ))}
      </ul>
      {wrong.length > 6 && <p class="graph-hint">and {wrong.length - 6} more</p>}
      <p class="graph-hint">{hint}</p>
    </Panel>
  );
}

/** Bad before warned, and among those the services: they are the cause more often than a route. */
function rank({ kind, verdict }: ShownNode): number {
  const order = ["endpoint", "route", "service"];
  return (verdict.health === "bad" ? 10 : 0) + order.indexOf(kind);
}

function NodePanel(props: Props & { node: ShownNode; service: string | null }) {
  const { node, service, shown, isLive, close } = props;
  const page = { route: "routes", service: "services" }[node.kind as string];
  const query = queryOf(node, service);
  return (
    <Panel class="graph-chosen">
      <Head kind={node.kind} health={node} close={close}>
        {node.name}
      </Head>
      <Numbers stats={node.stats} inFlight={node.in_flight} />
      <Past of={historyOf(node, service)} />
      {(node.badges.length > 0 || node.sightEnds) && (
        <ul class="graph-badges">
          {node.badges.map(({ kind, words }) => (
            <li key={kind}>
              <Icon kind={kind} words={words} /> {words}
            </li>
          ))}
          {node.sightEnds && (
            <li>
              <Icon kind="sight" words="" /> {node.sightEnds}
            </li>
          )}
        </ul>
      )}
      <p class="graph-links">
        {page && <a href={href(`/${page}/${part(node.name)}`)}>Page of this {node.kind}</a>}
        {query !== null && <a href={href("/traces", { q: query })}>Traces of this</a>}
      </p>
      <Neighbours {...props} shown={shown} />
      {isLive && <Actions node={node} service={service} />}
    </Panel>
  );
}

function LinkPanel({ link, graph, close, choose }: Props & { link: ShownLink }) {
  const [from, to] = ends(link, graph);
  const query = queryOfLink(link, graph);
  return (
    <Panel class="graph-chosen">
      <Head kind="link" health={link} close={close}>
        {from?.name} → {to?.name}
      </Head>
      <Numbers stats={link.stats} />
      <p class="graph-links">
        {[from, to].map(
          node =>
            node && (
              <Button key={node.id} look="quiet" onClick={() => choose(node.id)}>
                {node.kind} {node.name}
              </Button>
            ),
        )}
        {query && <a href={href("/traces", { q: query })}>Traces of this</a>}
      </p>
    </Panel>
  );
}

function Head(props: {
  kind: string;
  health: ShownNode | ShownLink;
  close: () => void;
  children: ComponentChildren;
}) {
  const { health, why } = props.health.verdict;
  return (
    <header class="panel-head">
      <div>
        <p class="graph-kind">{props.kind}</p>
        <h2>{props.children}</h2>
        <HealthMark health={health} label={why ? `${WORDS[health]}: ${why}` : WORDS[health]} />
      </div>
      <Button look="quiet" aria-label="Close details" onClick={props.close}>
        ✕
      </Button>
    </header>
  );
}

/** For the keyboard: along the links to the next node. */
function Neighbours({ node, shown, choose }: Props & { node: ShownNode }) {
  const name = (id: string) => shown.nodes.find(other => other.id === id)?.name ?? id;
  const near = shown.links
    .filter(link => link.from === node.id || link.to === node.id)
    .sort((a, b) => b.stats.requests - a.stats.requests);
  if (near.length === 0) return null;
  return (
    <details class="graph-near">
      <summary>{near.length === 1 ? "One link" : `${near.length} links`}</summary>
      <ul>
        {near.slice(0, 50).map(link => (
          <li key={link.id}>
            <HealthMark health={link.verdict.health} />{" "}
            <Button look="quiet" onClick={() => choose(link.id)}>
              {link.from === node.id ? `to ${name(link.to)}` : `from ${name(link.from)}`}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The last ten minutes. */
function Past({ of }: { of: string | null }) {
  const { data, error } = useLoad(
    of ?? "",
    () => (of ? get<History>("/api/v1/history", { of, window: "10m" }) : Promise.resolve(null)),
    2_000,
  );
  if (!of || (error && !data)) return null;
  return data && data.points.length > 1 ? <Spark history={data} /> : <div class="spark" />;
}

function serviceOf(node: ShownNode, graph: Graph): string | null {
  if (node.kind !== "endpoint") return null;
  const from = graph.links.find(link => link.to === node.id)?.from;
  return graph.nodes.find(({ id }) => id === from)?.name ?? null;
}

function historyOf(node: ShownNode, service: string | null): string | null {
  if (node.kind === "client") return "all";
  if (node.kind === "route" || node.kind === "service") return `${node.kind}:${node.name}`;
  if (node.kind === "endpoint" && service) return `endpoint:${service}@${node.name}`;
  return null;
}

/** In the language of the traces page; null where requests cannot be found. */
function queryOf(node: Pick<ShownNode, "kind" | "name">, service: string | null): string | null {
  const quoted = (name: string) => (/[\s"]/.test(name) ? JSON.stringify(name) : name);
  if (node.kind === "client") return "";
  if (node.kind === "far") return null;
  if (node.kind === "endpoint") return service && `service:${quoted(service)}`;
  return `${node.kind}:${quoted(node.name)}`;
}

function queryOfLink(link: ShownLink, graph: Graph): string {
  return ends(link, graph)
    .flatMap(node => (node && queryOf(node, null)) || [])
    .join(" ");
}

type Test = (request: Particle) => boolean;

function matching(node: Pick<ShownNode, "kind" | "name">, service: string | null): Test {
  const { kind, name } = node;
  if (kind === "listener" || kind === "route" || kind === "service") {
    return request => request[kind] === name;
  }
  if (kind === "endpoint") {
    return request => request.endpoint === name && (!service || request.service === service);
  }
  return () => kind === "client";
}

function between(link: ShownLink, graph: Graph): Test {
  const tests = ends(link, graph).map(node => (node ? matching(node, null) : () => false));
  return request => tests.every(test => test(request));
}

function ends(link: ShownLink, graph: Graph) {
  return [link.from, link.to].map(id => graph.nodes.find(node => node.id === id)) as [
    Graph["nodes"][number] | undefined,
    Graph["nodes"][number] | undefined,
  ];
}
