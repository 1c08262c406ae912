/** The graph in Cytoscape: shapes, lines, zooming and dragging. Loaded when the page is opened. */
import cytoscape, { type Core, type EdgeSingular, type EventObject } from "cytoscape";

import type { Shown, ShownLink } from "./elements";
import type { Layout, Place } from "./layout";
import { colours, onTheme, style } from "./style";
import { boxOf, clipped, fitting, type View } from "./viewport";

export interface Events {
  /** Of the drawing in its box; called with every frame that moves it. */
  view: (view: View) => void;
  /** A node or a link was chosen; null: the choice was given up. */
  chosen: (id: string | null) => void;
  moved: (id: string, place: Place) => void;
  dropped: (id: string, place: Place) => void;
}

export interface Drawing {
  update: (shown: Shown, layout: Layout) => void;
  choose: (id: string | null) => void;
  /** Everything into view, whether or not the reader has moved it. */
  fit: () => void;
  zoomBy: (factor: number) => void;
  /** Points of the line of a link, for `along`; null if it is not drawn. */
  lineOf: (id: string) => Place[] | null;
  end: () => void;
}

const ZOOM = { least: 0.08, most: 2.5 };

export function draw(container: HTMLElement, simple: boolean, events: Events): Drawing {
  const cy = cytoscape({
    container,
    style: style(colours(), simple),
    layout: { name: "preset" },
    minZoom: ZOOM.least,
    maxZoom: ZOOM.most,
    boxSelectionEnabled: false,
    selectionType: "single",
    textureOnViewport: simple,
    hideEdgesOnViewport: simple,
    ...(simple && { pixelRatio: 1 }),
  });
  let layout: Layout | null = null;
  let ids: string[] = [];
  let isTouched = false;
  const lines = new Map<string, Place[]>();

  const tell = () => events.view({ zoom: cy.zoom(), pan: { ...cy.pan() } });
  const fit = () => {
    cy.resize();
    const box = layout && boxOf(layout, ids);
    const size = { width: cy.width(), height: cy.height() };
    if (box && size.width > 0) cy.viewport(fitting(box, size));
  };
  cy.on("render viewport", tell);
  cy.on("dragpan scrollzoom pinchzoom", () => (isTouched = true));
  cy.on("position", () => lines.clear());
  cy.on("drag", "node", event => events.moved(event.target.id(), { ...event.target.position() }));
  cy.on("dragfree", "node", event => {
    bend(event.target.connectedEdges().toArray());
    events.dropped(event.target.id(), { ...event.target.position() });
  });
  cy.on("tap", (event: EventObject) => {
    events.chosen(event.target === cy ? null : (event.target.id() as string));
  });
  hover(cy, simple);
  const observer = new ResizeObserver(() => (isTouched ? cy.resize() : fit()));
  observer.observe(container);
  const stopTheme = onTheme(() => cy.style(style(colours(), simple)));

  return {
    update: (shown, next) => {
      cy.batch(() => {
        place(cy, shown, next, next !== layout);
        connect(cy, shown.links);
        if (next !== layout) bend(cy.edges().toArray());
      });
      const isNew = ids.length === 0;
      ids = shown.nodes.map(node => node.id);
      lines.clear();
      const before = layout;
      layout = next;
      // Nothing moves under the reader's eyes, unless something new would be out of sight.
      if (isNew || (before !== next && !isTouched && clipped(boxOf(next, ids), cy.extent()))) fit();
    },
    choose: id => {
      cy.$(":selected").unselect();
      if (id) cy.getElementById(id).select();
    },
    fit: () => {
      isTouched = false;
      fit();
    },
    zoomBy: factor => {
      isTouched = true;
      const middle = { x: cy.width() / 2, y: cy.height() / 2 };
      cy.zoom({ level: cy.zoom() * factor, renderedPosition: middle });
    },
    lineOf: id => {
      const known = lines.get(id);
      if (known) return known;
      const edge = cy.getElementById(id);
      if (edge.empty()) return null;
      const points = pointsOf(edge as unknown as EdgeSingular, simple);
      lines.set(id, points);
      return points;
    },
    end: () => {
      stopTheme();
      observer.disconnect();
      cy.destroy();
    },
  };
}

const LOOKS = "good warn bad idle off back source middle target";

function place(cy: Core, shown: Shown, layout: Layout, isMoved: boolean): void {
  const wanted = new Set(shown.nodes.map(node => node.id));
  cy.nodes().forEach(node => {
    if (!wanted.has(node.id())) node.remove();
  });
  for (const node of shown.nodes) {
    const back = shown.isSearching && !node.isFound ? " back" : "";
    const classes = `${node.kind} ${node.verdict.health}${back}`;
    const position = { ...(layout.places.get(node.id) ?? { x: 0, y: 0 }) };
    const own = cy.getElementById(node.id);
    if (own.empty()) cy.add({ group: "nodes", data: { id: node.id }, classes, position });
    else {
      if (own.scratch("classes") !== classes) own.classes(classes);
      if (isMoved && !own.grabbed()) own.position(position);
    }
    cy.getElementById(node.id).scratch("classes", classes);
  }
}

function connect(cy: Core, links: ShownLink[]): void {
  const wanted = new Set(links.map(link => link.id));
  cy.edges().forEach(edge => {
    if (!wanted.has(edge.id())) edge.remove();
  });
  const isSearching = links.some(link => link.isFound) || cy.nodes(".back").nonempty();
  const added: EdgeSingular[] = [];
  for (const { id, from, to, verdict, label, width, side, isFound } of links) {
    const look = `${verdict.health} ${side} ${isSearching && !isFound ? "back" : ""}`;
    const signature = `${look} ${label} ${width}`;
    let edge = cy.getElementById(id);
    if (edge.empty()) {
      const data = { id, source: from, target: to, label, width, bends: "0 0" };
      edge = cy.add({ group: "edges", data, classes: look });
      added.push(edge as unknown as EdgeSingular);
    } else if (edge.scratch("signature") !== signature) {
      edge.data({ label, width });
      // Those of the pointer and of the line's shape stay.
      edge.removeClass(LOOKS).addClass(look);
    }
    edge.scratch("signature", signature);
  }
  bend(added);
}

/** Gives lines the shape of a lying S: level where they leave and where they arrive. */
function bend(edges: EdgeSingular[]): void {
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

function pointsOf(edge: EdgeSingular, simple: boolean): Place[] {
  if (simple) return [edge.source().position(), edge.target().position()].map(at => ({ ...at }));
  const [first, second] = edge.controlPoints() ?? [];
  const [start, end] = [edge.sourceEndpoint(), edge.targetEndpoint()];
  if (!first || !second) return [start, end];
  const middle = { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 };
  return [start, first, middle, second, end];
}

/** Links of the node under the pointer come to the front; in a big graph the others step back. */
function hover(cy: Core, simple: boolean): void {
  cy.on("mouseover", "node", event => {
    const near = event.target.connectedEdges();
    near.addClass("near");
    if (simple) cy.edges().not(near).addClass("away");
  });
  cy.on("mouseout", "node", () => void cy.edges().removeClass("near away"));
}
