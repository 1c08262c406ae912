/** The graph as tables: for screen readers, for narrow screens, and for who wants numbers. */
import type { ComponentChildren } from "preact";

import { count, milliseconds, rate, share } from "../ui/format";
import { HealthMark, Panel } from "../ui/parts";
import type { Stats } from "../api/types";
import type { Shown } from "./elements";
import { WORDS } from "./health";
import type { Verdict } from "./health";

interface Props {
  shown: Shown;
  selected: string | null;
  choose: (id: string) => void;
}

/** More rows than anybody reads; find and hide make them fewer. */
const MOST = 300;

export function Tables({ shown, selected, choose }: Props) {
  const names = new Map(shown.nodes.map(node => [node.id, node.name]));
  const isWanted = ({ isFound }: { isFound: boolean }) => !shown.isSearching || isFound;
  const nodes = shown.nodes.filter(isWanted);
  const links = shown.links.filter(isWanted);
  return (
    <div class="graph-tables">
      <Panel title="Nodes">
        <Scroll of="nodes">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Name</th>
              <th scope="col">Kind</th>
              <Heads />
              <th scope="col" class="number">
                In flight
              </th>
              <th scope="col">Special</th>
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, MOST).map(node => (
              <tr key={node.id} class={node.id === selected ? "chosen" : ""}>
                <State verdict={node.verdict} />
                <th scope="row">
                  <button type="button" class="row-name" onClick={() => choose(node.id)}>
                    {node.name}
                  </button>
                </th>
                <td>{node.kind}</td>
                <Cells stats={node.stats} />
                <td class="number">{count(node.in_flight)}</td>
                <td class="special">
                  {[
                    ...node.badges.map(badge => badge.words),
                    ...(node.sightEnds ? ["sight ends here"] : []),
                  ].join("; ")}
                </td>
              </tr>
            ))}
          </tbody>
        </Scroll>
        <More all={nodes.length} />
      </Panel>
      <Panel title="Links">
        <Scroll of="links">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">From → to</th>
              <Heads />
            </tr>
          </thead>
          <tbody>
            {links.slice(0, MOST).map(link => (
              <tr key={link.id} class={link.id === selected ? "chosen" : ""}>
                <State verdict={link.verdict} />
                <th scope="row">
                  <button type="button" class="row-name" onClick={() => choose(link.id)}>
                    {names.get(link.from)} → {names.get(link.to)}
                  </button>
                </th>
                <Cells stats={link.stats} />
              </tr>
            ))}
          </tbody>
        </Scroll>
        <More all={links.length} />
      </Panel>
    </div>
  );
}

function Scroll({ of, children }: { of: string; children: ComponentChildren }) {
  return (
    <div class="graph-scroll" tabIndex={0} role="region" aria-label={`Table of ${of}`}>
      <table>{children}</table>
    </div>
  );
}

function More({ all }: { all: number }) {
  if (all <= MOST) return null;
  return <p class="graph-hint">{count(all - MOST)} more; narrow them down with find or hide.</p>;
}

function State({ verdict: { health, why } }: { verdict: Verdict }) {
  return (
    <td>
      <HealthMark health={health} label={why ?? WORDS[health]} />
    </td>
  );
}

function Heads() {
  return ["Rate", "Errors", "p50", "p99"].map(name => (
    <th scope="col" class="number" key={name}>
      {name}
    </th>
  ));
}

function Cells({ stats }: { stats: Stats }) {
  const cells = [
    rate(stats.requests_per_second),
    share(stats.error_share),
    milliseconds(stats.p50_ms),
    milliseconds(stats.p99_ms),
  ];
  return cells.map((cell, at) => (
    <td class="number" key={at}>
      {cell}
    </td>
  ));
}
