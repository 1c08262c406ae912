/**
 * Brings Cytoscape's elements to what is to be shown. It is called with every event of the stream,
 * and most elements look as before: those are not touched, because each touch makes Cytoscape
 * compute their style anew.
 */
import type { Core, EdgeSingular } from "cytoscape";

import type { Shown, ShownLink } from "./elements";
import type { Layout } from "./layout";

/** Everything that is said of a link by its classes, but for what pointers and shapes add. */
const LOOKS = "good warn bad idle off back source middle target";

export function synchronizer(cy: Core, simple: boolean): (shown: Shown, layout: Layout) => void {
  const nodes = new Map<string, string>();
  const links = new Map<string, string>();
  let layout: Layout | null = null;
  return (shown, next) => {
    const isMoved = next !== layout;
    layout = next;
    forget(cy, nodes, new Set(shown.nodes.map(({ id }) => id)));
    forget(cy, links, new Set(shown.links.map(({ id }) => id)));
    place(cy, nodes, shown, next, isMoved);
    const added = connect(cy, links, shown, simple);
    if (!simple) bend(isMoved ? cy.edges().toArray() : added);
  };
}

function forget(cy: Core, known: Map<string, string>, wanted: Set<string>): void {
  for (const id of known.keys()) {
    if (wanted.has(id)) continue;
    known.delete(id);
    cy.getElementById(id).remove();
  }
}

function place(
  cy: Core,
  known: Map<string, string>,
  shown: Shown,
  layout: Layout,
  isMoved: boolean,
): void {
  for (const node of shown.nodes) {
    const back = shown.isSearching && !node.isFound ? " back" : "";
    const classes = `${node.kind} ${node.verdict.health}${back}`;
    const before = known.get(node.id);
    if (before === classes && !isMoved) continue;
    known.set(node.id, classes);
    const position = { ...(layout.places.get(node.id) ?? { x: 0, y: 0 }) };
    if (before === undefined) {
      cy.add({ group: "nodes", data: { id: node.id }, classes, position });
      continue;
    }
    const own = cy.getElementById(node.id);
    if (before !== classes) own.classes(classes);
    if (isMoved && !own.grabbed()) own.position(position);
  }
}

function connect(
  cy: Core,
  known: Map<string, string>,
  shown: Shown,
  simple: boolean,
): EdgeSingular[] {
  const added: EdgeSingular[] = [];
  // In a big graph only links that are looked at have a label.
  const near = simple ? new Set(cy.edges(".near, :selected").map(edge => edge.id())) : null;
  for (const link of shown.links) {
    const { id, from, to, label } = link;
    const look = looks(link, shown.isSearching);
    // Small changes of the thickness are not seen.
    const width = simple ? Math.round(link.width / 2) * 2 : link.width;
    const said = !near || near.has(id) ? label : "";
    const signature = `${look} ${width} ${said}`;
    const before = known.get(id);
    if (before === signature) continue;
    known.set(id, signature);
    if (before === undefined) {
      const data = { id, source: from, target: to, label, width, bends: "0 0" };
      added.push(cy.add({ group: "edges", data, classes: look }) as unknown as EdgeSingular);
      continue;
    }
    const edge = cy.getElementById(id);
    edge.data({ label, width });
    if (!before.startsWith(`${look} `)) edge.removeClass(LOOKS).addClass(look);
  }
  return added;
}

function looks({ verdict, side, isFound }: ShownLink, isSearching: boolean): string {
  return `${verdict.health} ${side} ${isSearching && !isFound ? "back" : ""}`;
}

/** Gives lines the shape of a lying S: level where they leave and where they arrive. */
export function bend(edges: EdgeSingular[]): void {
  for (const edge of edges) {
    const [from, to] = [edge.source(), edge.target()];
    const [a, b] = [from.position(), to.position()];
    const dx = b.x - to.width() / 2 - (a.x + from.width() / 2);
    const dy = b.y - a.y;
    if (dx <= 0) {
      const out = -Math.sign(dy || 1) * 70;
      edge.data("bends", `${out} ${out}`).addClass("aside");
      continue;
    }
    const length = Math.hypot(dx, dy);
    const level = (0.25 * dy * length) / dx;
    // A steep one would swing out beyond its ends.
    const bent = -level * Math.min(1, 0.7 * (dx / (Math.abs(dy) || 1)) ** 2);
    edge.data("bends", `${bent.toFixed(1)} ${(-bent).toFixed(1)}`).removeClass("aside");
  }
}
