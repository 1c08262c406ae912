/** The graph in Cytoscape: shapes, lines, zooming and dragging. Loaded when the page is opened. */
import cytoscape, { type Core, type EdgeSingular, type EventObject } from "cytoscape";

import type { Shown } from "./elements";
import type { Layout, Place } from "./layout";
import { bend, synchronizer } from "./sync";
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
  const sync = synchronizer(cy, simple);
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
  hover(cy);
  const observer = new ResizeObserver(() => (isTouched ? cy.resize() : fit()));
  observer.observe(container);
  const stopTheme = onTheme(() => cy.style(style(colours(), simple)));

  return {
    update: (shown, next) => {
      cy.batch(() => sync(shown, next));
      const isNew = ids.length === 0;
      ids = shown.nodes.map(node => node.id);
      lines.clear();
      const before = layout;
      layout = next;
      // Nothing moves under the reader's eyes, unless something new would be out of sight.
      if (isNew || (before !== next && !isTouched && clipped(boxOf(next, ids), cy.extent()))) fit();
    },
    choose: id => {
      cy.$(":selected").unselect().connectedEdges().removeClass("near");
      if (id) cy.getElementById(id).select().connectedEdges().addClass("near");
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

function pointsOf(edge: EdgeSingular, simple: boolean): Place[] {
  if (simple) return [edge.source().position(), edge.target().position()].map(at => ({ ...at }));
  const [first, second] = edge.controlPoints() ?? [];
  const [start, end] = [edge.sourceEndpoint(), edge.targetEndpoint()];
  if (!first || !second) return [start, end];
  const middle = { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 };
  return [start, first, middle, second, end];
}

/** Links of the node under the pointer come to the front, and those of the chosen one stay there. */
function hover(cy: Core): void {
  cy.on("mouseover", "node", event => event.target.connectedEdges().addClass("near"));
  cy.on("mouseout", "node", event => {
    if (event.target.selected()) return;
    const left = event.target.connectedEdges();
    left.not(cy.$("node:selected").connectedEdges()).removeClass("near");
  });
}
