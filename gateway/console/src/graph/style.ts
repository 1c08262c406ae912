/** How Cytoscape draws shapes and lines; texts of nodes are in `cards.tsx`. */
import type { StylesheetJson } from "cytoscape";

import type { NodeKind } from "../api/types";
import type { Health } from "../ui/parts";
import { SIZES } from "./layout";

/** The page's colours, for what cannot read CSS variables. */
export interface Colours {
  page: string;
  panel: string;
  sunken: string;
  line: string;
  text: string;
  faint: string;
  accent: string;
  health: Record<Health, string>;
  soft: Record<Health, string>;
  font: string;
}

const HEALTHS: Health[] = ["good", "warn", "bad", "idle", "off"];

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const each = (suffix: string) =>
    Object.fromEntries(HEALTHS.map(name => [name, of(name + suffix)])) as Record<Health, string>;
  return {
    page: of("page"),
    panel: of("panel"),
    sunken: of("sunken"),
    line: of("line"),
    text: of("text"),
    faint: of("faint"),
    accent: of("accent"),
    health: each(""),
    soft: each("-soft"),
    font: of("font"),
  };
}

/** Calls back when the theme changes, by the reader or by the system; answers how to stop. */
export function onTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", changed);
  };
}

/** `simple`: straight lines without arrows, for graphs that are too big for more. */
export function style(colours: Colours, simple: boolean): StylesheetJson {
  return [
    ...nodes(colours),
    ...HEALTHS.flatMap(health => healthy(health, colours)),
    ...edges(colours, simple),
    // What is not looked for, or not near the pointer, steps back.
    { selector: "node.back", style: { opacity: 0.25 } },
    { selector: "edge.back", style: { opacity: 0.08, "text-opacity": 0 } },
    { selector: "node:selected", style: { "border-width": 3, "border-color": colours.accent } },
    {
      selector: "edge:selected",
      style: { "underlay-color": colours.accent, "underlay-opacity": 0.35, "underlay-padding": 5 },
    },
  ] as StylesheetJson;
}

/** A listener takes in at its left, a route points on. */
const OUTLINES: Partial<Record<NodeKind, string>> = {
  listener: "-1 -1 1 -1 1 1 -1 1 -0.88 0",
  route: "-1 -1 0.9 -1 1 0 0.9 1 -1 1",
};

function nodes(colours: Colours) {
  const kinds = Object.entries(SIZES) as [NodeKind, { width: number; height: number }][];
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle",
        "background-color": colours.panel,
        "border-width": 1.5,
        "border-color": colours.line,
        "overlay-opacity": 0,
      },
    },
    ...kinds.map(([kind, { width, height }]) => ({
      selector: `node.${kind}`,
      style: {
        width,
        height,
        ...(OUTLINES[kind] && { shape: "polygon", "shape-polygon-points": OUTLINES[kind] }),
      },
    })),
    { selector: "node.client", style: { "corner-radius": "24px" } },
    { selector: "node.service", style: { "corner-radius": "7px" } },
    { selector: "node.endpoint", style: { shape: "rectangle" } },
    { selector: "node.far", style: { "border-style": "dashed", "corner-radius": "7px" } },
  ];
}

function healthy(health: Health, colours: Colours) {
  const loud = health === "bad" || health === "warn" || health === "off";
  const border = loud || health === "good" ? colours.health[health] : colours.line;
  return [
    {
      selector: `node.${health}`,
      style: {
        "border-color": border,
        "border-width": health === "bad" ? 2.5 : 1.5,
        "background-color": loud ? colours.soft[health] : colours.panel,
      },
    },
    {
      selector: `edge.${health}`,
      style: {
        "line-color": colours.health[health],
        "target-arrow-color": colours.health[health],
        color: loud ? colours.health[health] : colours.faint,
        "font-weight": loud ? 700 : 400,
        // Trouble is drawn above the rest.
        "z-index": health === "bad" ? 3 : health === "warn" ? 2 : 1,
      },
    },
  ];
}

function edges(colours: Colours, simple: boolean) {
  const shape = simple
    ? { "curve-style": "haystack", "haystack-radius": 0 }
    : {
        "curve-style": "unbundled-bezier",
        "control-point-distances": "data(bends)",
        "control-point-weights": [0.25, 0.75],
        "edge-distances": "endpoints",
        "source-endpoint": "90deg",
        "target-endpoint": "270deg",
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.8,
      };
  const label = {
    "source-text-offset": 40,
    "target-text-offset": 44,
    // Above the link, not on it.
    "text-margin-y": -10,
    "source-text-margin-y": -10,
    "target-text-margin-y": -10,
    "font-family": colours.font,
    "font-size": 12,
    "min-zoomed-font-size": 7,
    "text-outline-color": colours.sunken,
    "text-outline-width": 2,
  };
  const [faint, loud] = simple ? [0.22, 0.4] : [0.9, 1];
  return [
    { selector: "edge", style: { ...shape, opacity: faint, "overlay-opacity": 0 } },
    // Of many links only those that are looked at say something.
    { selector: simple ? "edge.near, edge:selected" : "edge", style: label },
    ...["source", "middle", "target"].map(side => ({
      selector: simple ? `edge.${side}.near, edge.${side}:selected` : `edge.${side}`,
      style: { [side === "middle" ? "label" : `${side}-label`]: "data(label)" },
    })),
    { selector: "edge", style: { width: simple ? "mapData(width, 1, 8, 1, 3)" : "data(width)" } },
    { selector: "edge.warn", style: { opacity: loud } },
    { selector: "edge.bad", style: { opacity: 1 } },
    {
      selector: "edge.idle",
      style: {
        "line-style": "dashed",
        "line-dash-pattern": [5, 5],
        opacity: simple ? 0.12 : 0.55,
      },
    },
    // Between services of one column: out at the right and in again.
    ...(simple ? [] : [{ selector: "edge.aside", style: { "target-endpoint": "90deg" } }]),
    { selector: "edge.near", style: { opacity: 1, "z-index": 4 } },
  ];
}
