/** Which column a node is in, and the order within: what the layout is made of. */
import type { NodeKind } from "../api/types";
import type { LayoutLink, LayoutNode } from "./layout";

const COLUMNS: Record<NodeKind, number> = {
  client: 0,
  listener: 1,
  route: 2,
  service: 3,
  endpoint: 4,
  far: 5,
};

/** Rounds of ordering by what nodes are linked with; more change little. */
const SWEEPS = 4;
/** Columns with fewer nodes are never wrapped. */
const LEAST_ROWS = 12;
/** Wider than a page is of no use. */
const WIDEST = 1.8;

const byName = new Intl.Collator("en", { numeric: true });

/** By kind; services behind the gateway by how far they are from the services that it calls. */
export function columnsOf(nodes: LayoutNode[], links: LayoutLink[]): Map<string, number> {
  const columns = new Map(nodes.map(node => [node.id, COLUMNS[node.kind]]));
  const far = new Set(nodes.filter(node => node.kind === "far").map(node => node.id));
  if (far.size === 0) return columns;
  const next = new Map<string, string[]>();
  for (const { from, to } of links) {
    if (far.has(to)) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const known = new Set<string>();
  let edge = [...next.keys()].filter(id => !far.has(id));
  for (let distance = COLUMNS.far; edge.length > 0; distance += 1) {
    const found = edge.flatMap(id => next.get(id) ?? []).filter(id => !known.has(id));
    edge = [...new Set(found)];
    edge.forEach(id => (known.add(id), columns.set(id, distance)));
  }
  return columns;
}

/** Ids of each column, so that few links cross: by the mean place of what they are linked with. */
export function ordered(
  nodes: LayoutNode[],
  links: LayoutLink[],
  column: Map<string, number>,
): Map<number, string[]> {
  const sorted = [...nodes].sort(
    (a, b) => byName.compare(a.name, b.name) || (a.id < b.id ? -1 : 1),
  );
  const order = new Map<number, string[]>();
  for (const { id } of sorted) {
    const number = column.get(id) ?? 0;
    const ids = order.get(number);
    if (ids) ids.push(id);
    else order.set(number, [id]);
  }
  const [before, after] = sides(links, column);
  const numbers = [...order.keys()].sort((a, b) => a - b);
  // A column's share of its height, so that columns of different sizes can be compared.
  const at = new Map<string, number>();
  const note = (ids: string[]) => ids.forEach((id, row) => at.set(id, (row + 0.5) / ids.length));
  order.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const number of forward ? numbers : [...numbers].reverse()) {
      const ids = order.get(number) ?? [];
      const near = forward ? before : after;
      const weight = new Map(ids.map(id => [id, mean(near.get(id), at) ?? at.get(id) ?? 0]));
      // `sort` is stable: equal ones stay in the order they have.
      ids.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
      note(ids);
    }
  }
  return order;
}

/** How many rows make columns of these sizes fit a page. */
export function wrap(sizes: number[]): number {
  const most = Math.max(LEAST_ROWS, ...sizes);
  for (let rows = LEAST_ROWS; rows < most; rows += 1) {
    const parts = sizes.reduce((sum, size) => sum + Math.ceil(size / rows), 0);
    // Nodes are some three times as wide as they are apart.
    if ((parts * 3) / rows <= WIDEST) return rows;
  }
  return most;
}

/**
 * Numbers at least `pitch` apart, in the given order, as near to the wanted ones as possible (least
 * squares: neighbours that want the same place share it around their mean).
 */
export function evenly(wanted: number[], pitch: number): number[] {
  const blocks: { sum: number; size: number }[] = [];
  wanted.forEach((value, at) => {
    let block = { sum: value - at * pitch, size: 1 };
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      if (last.sum / last.size <= block.sum / block.size) break;
      block = { sum: block.sum + last.sum, size: block.size + last.size };
      blocks.pop();
    }
    blocks.push(block);
  });
  const places = blocks.flatMap(({ sum, size }) => Array<number>(size).fill(sum / size));
  return places.map((place, at) => place + at * pitch);
}

function sides(links: LayoutLink[], column: Map<string, number>) {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, key: string, value: string) => {
    const known = to.get(key);
    if (known) known.push(value);
    else to.set(key, [value]);
  };
  for (const { from, to } of links) {
    const [a, b] = [column.get(from), column.get(to)];
    if (a === undefined || b === undefined || a >= b) continue;
    add(before, to, from);
    add(after, from, to);
  }
  return [before, after] as const;
}

function mean(ids: string[] | undefined, at: Map<string, number>): number | null {
  if (!ids?.length) return null;
  return ids.reduce((sum, id) => sum + (at.get(id) ?? 0), 0) / ids.length;
}
