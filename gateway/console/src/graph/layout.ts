/**
 * Where nodes stand: in columns, in the order in which a request meets them. A node that has a
 * place keeps it; only `arrange` moves what is there.
 */
import type { GraphLink, GraphNode, NodeKind } from "../api/types";
import { columnsOf, evenly, ordered, wrap } from "./columns";

/** Of a node's middle. */
export interface Place {
  x: number;
  y: number;
}

export interface Column {
  title: string;
  /** One, or several where a column would be too high. */
  xs: number[];
}

export interface Layout {
  places: ReadonlyMap<string, Place>;
  /** By the number of the column. */
  columns: ReadonlyMap<number, Column>;
  pitch: number;
}

export type LayoutNode = Pick<GraphNode, "id" | "kind" | "name">;
export type LayoutLink = Pick<GraphLink, "from" | "to">;

export const SIZES: Record<NodeKind, { width: number; height: number }> = {
  client: { width: 128, height: 48 },
  listener: { width: 132, height: 48 },
  route: { width: 156, height: 48 },
  service: { width: 176, height: 48 },
  endpoint: { width: 158, height: 44 },
  far: { width: 156, height: 48 },
};

/** From one node of a column to the next; leaves room for a line of small print. */
const PITCH = 70;
/** Where there are few nodes: labels of links that part do not meet. */
const WIDE_PITCH = 92;
const FEW_ROWS = 7;
/** Between columns: room for a link's label. */
const GAP = 88;
/** Between the parts of a column that was wrapped. */
const SUB_GAP = 24;
/** Nodes whose middles are this far apart do not touch. */
const WIDTH = 140;

export const NOWHERE: Layout = { places: new Map(), columns: new Map(), pitch: PITCH };

const KINDS: [NodeKind, string][] = [
  ["client", "Clients"],
  ["listener", "Listeners"],
  ["route", "Routes"],
  ["service", "Services"],
  ["endpoint", "Endpoints"],
];

/** Lays everything out anew. */
export function arrange(nodes: LayoutNode[], links: LayoutLink[]): Layout {
  const column = columnsOf(nodes, links);
  const order = ordered(nodes, links, column);
  const sizes = [...order.values()].map(ids => ids.length);
  const rows = wrap(sizes);
  const pitch = Math.max(...sizes) <= FEW_ROWS ? WIDE_PITCH : PITCH;
  const columns = new Map<number, Column>();
  let left = 0;
  for (const number of [...order.keys()].sort((a, b) => a - b)) {
    const ids = order.get(number) ?? [];
    const { width } = SIZES[kindOf(number)];
    const parts = Math.ceil(ids.length / rows);
    const xs = Array.from({ length: parts }, (_, at) => left + width / 2 + at * (width + SUB_GAP));
    columns.set(number, { title: titleOf(number), xs });
    left += parts * (width + SUB_GAP) - SUB_GAP + GAP;
  }
  return { places: stand(order, columns, links, { rows, pitch }), columns, pitch };
}

/** The same places, with free ones for what is new. Answers `before` itself if nothing is. */
export function keep(before: Layout, nodes: LayoutNode[], links: LayoutLink[]): Layout {
  const fresh = nodes.filter(node => !before.places.has(node.id));
  if (fresh.length === 0) return before;
  if (before.places.size === 0) return arrange(nodes, links);
  const column = columnsOf(nodes, links);
  const places = new Map(before.places);
  const columns = new Map(before.columns);
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of links) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  fresh.sort((a, b) => (column.get(a.id) ?? 0) - (column.get(b.id) ?? 0));
  for (const node of fresh) {
    const number = column.get(node.id) ?? 0;
    const own = columns.get(number) ?? room(columns, number);
    columns.set(number, own);
    const near = (neighbours.get(node.id) ?? []).flatMap(id => places.get(id) ?? []);
    const wanted = near.length ? near.reduce((sum, { y }) => sum + y, 0) / near.length : 0;
    places.set(node.id, free(own.xs, wanted, before.pitch, places.values()));
  }
  return { ...before, places, columns };
}

/** The layout with a node moved by hand. */
export function moved(layout: Layout, id: string, place: Place): Layout {
  return { ...layout, places: new Map(layout.places).set(id, place) };
}

function kindOf(number: number): NodeKind {
  return KINDS[number]?.[0] ?? "far";
}

function titleOf(number: number): string {
  return KINDS[number]?.[1] ?? (number === KINDS.length ? "Behind them" : "Further");
}

/** Where a column goes that was not there: right of those before it, whose places stay. */
function room(columns: ReadonlyMap<number, Column>, number: number): Column {
  const { width } = SIZES[kindOf(number)];
  const edge = (of: number, side: 1 | -1) => {
    const xs = columns.get(of)?.xs ?? [0];
    return (side === 1 ? Math.max(...xs) : Math.min(...xs)) + (side * SIZES[kindOf(of)].width) / 2;
  };
  const others = [...columns.keys()];
  const before = others.filter(other => other < number);
  const left = before.length ? Math.max(...before.map(other => edge(other, 1))) + GAP : null;
  const after = others.filter(other => other > number);
  const right = after.length ? Math.min(...after.map(other => edge(other, -1))) : Infinity;
  if (left === null) return { title: titleOf(number), xs: [right - GAP - width / 2] };
  // Without room between its neighbours it stands right of all; "Arrange" brings the order.
  const fits = left + width <= right;
  const start = fits ? left : Math.max(...others.map(other => edge(other, 1))) + GAP;
  return { title: titleOf(number), xs: [start + width / 2] };
}

/** The nearest place in a column that nothing overlaps. */
function free(xs: number[], wanted: number, pitch: number, places: Iterable<Place>): Place {
  const taken = [...places];
  const isFree = (x: number, y: number) =>
    taken.every(place => Math.abs(place.y - y) >= pitch - 1 || Math.abs(place.x - x) >= WIDTH);
  for (let away = 0; ; away += pitch / 4) {
    for (const y of [wanted + away, wanted - away]) {
      const x = xs.find(x => isFree(x, y));
      if (x !== undefined) return { x, y };
    }
  }
}

/**
 * The highest column stands evenly, the others as near to what they are linked with as their order
 * allows: then most links are straight.
 */
function stand(
  order: Map<number, string[]>,
  columns: Map<number, Column>,
  links: LayoutLink[],
  { rows, pitch }: { rows: number; pitch: number },
): Map<string, Place> {
  const places = new Map<string, Place>();
  const numbers = [...order.keys()].sort((a, b) => a - b);
  const size = (number: number) => order.get(number)?.length ?? 0;
  const tallest = numbers.reduce((a, b) => (size(b) > size(a) ? b : a), numbers[0] ?? 0);
  const outward = [...numbers].sort((a, b) => Math.abs(a - tallest) - Math.abs(b - tallest));
  const neighbours = new Map<string, string[]>();
  const add = (a: string, b: string) => {
    const known = neighbours.get(a);
    if (known) known.push(b);
    else neighbours.set(a, [b]);
  };
  links.forEach(({ from, to }) => (add(from, to), add(to, from)));
  for (const number of outward) {
    const ids = order.get(number) ?? [];
    const xs = columns.get(number)?.xs ?? [0];
    const perPart = xs.length > 1 ? rows : ids.length;
    for (const [at, x] of xs.entries()) {
      const part = ids.slice(at * perPart, (at + 1) * perPart);
      const middle = ((part.length - 1) * pitch) / 2;
      const wanted = part.map((id, row) => {
        const near = (neighbours.get(id) ?? []).flatMap(other => places.get(other)?.y ?? []);
        const isFixed = number === tallest || xs.length > 1 || near.length === 0;
        return isFixed ? row * pitch - middle : near.reduce((a, b) => a + b, 0) / near.length;
      });
      evenly(wanted, pitch).forEach((y, row) => places.set(part[row] as string, { x, y }));
    }
  }
  return places;
}
