/**
 * Where the time went, row by row. Arrow keys go up and down, open and close; + and - zoom, 0 shows
 * all; the ruler can be dragged over.
 */
import { useMemo, useRef, useState } from "preact/hooks";

import type { Trace, Whole } from "../../api/traces";
import type { RequestSummary } from "../../api/types";
import { go, here, href } from "../../location";
import { Button } from "../../ui/parts";
import { around, zoom, type Range } from "./axis";
import { Details } from "./details";
import { Line } from "./line";
import { Ruler } from "./ruler";
import { rows, visible, type Row } from "./rows";

/** Larger traces begin with their inner parts closed. */
const MANY = 120;
const DEPTH_OF_MANY = 3;

interface Props {
  trace: Trace;
  whole: Whole | null;
  related: RequestSummary[];
  /** The row whose details are open. */
  chosen: string | null;
}

export function Waterfall({ trace, whole, related, chosen }: Props) {
  const all = useMemo(() => rows(trace, whole), [trace, whole]);
  const end = Math.max(20, trace.took_us);
  const full: Range = { from_us: 0, to_us: end };
  const [collapsed, collapse] = useState(() => closedAtFirst(all));
  const [zoomed, keep] = useState<Range | null>(null);
  const [focused, focus] = useState<string | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const range = zoomed ?? full;
  const shown = visible(all, collapsed);
  const show = (next: Range) => keep(next.to_us - next.from_us >= end ? null : next);
  const current = shown.find(row => row.id === (focused ?? chosen)) ?? shown[0];
  const reach = (row: Row | undefined) => {
    if (!row) return;
    focus(row.id);
    grid.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.id)}"]`)?.focus();
  };
  const close = (row: Row, isClosed: boolean) => {
    const next = new Set(collapsed);
    if (isClosed) next.add(row.id);
    else next.delete(row.id);
    collapse(next);
  };
  const middle = (row: Row) => row.at_us + row.took_us / 2;
  const keys: Record<string, (row: Row, at: number) => void> = {
    ArrowDown: (_, at) => reach(shown[at + 1]),
    ArrowUp: (_, at) => reach(shown[at - 1]),
    Home: () => reach(shown[0]),
    End: () => reach(shown.at(-1)),
    ArrowRight: (row, at) =>
      row.children > 0 && collapsed.has(row.id) ? close(row, false) : reach(shown[at + 1]),
    ArrowLeft: row =>
      row.children > 0 && !collapsed.has(row.id)
        ? close(row, true)
        : reach(shown.find(other => other.id === row.parent)),
    Enter: row => choose(row.id === chosen ? null : row.id),
    " ": row => choose(row.id === chosen ? null : row.id),
    "+": row => show(zoom(range, full, 0.5, middle(row))),
    "-": row => show(zoom(range, full, 2, middle(row))),
    "0": () => keep(null),
    z: row => show(around(row.at_us, row.took_us, full)),
  };
  const press = (event: KeyboardEvent) => {
    const isRow = event.target instanceof HTMLElement && event.target.dataset["row"];
    const key = keys[event.key === "=" ? "+" : event.key];
    if (!key || !current || !isRow || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    key(current, shown.indexOf(current));
  };
  return (
    <>
      <Legend
        isZoomed={zoomed !== null}
        zoom={factor => show(zoom(range, full, factor))}
        all={() => keep(null)}
      />
      <div
        class="waterfall"
        role="treegrid"
        aria-label="Spans and phases"
        ref={grid}
        onKeyDown={press}>
        <Ruler range={range} show={next => show(next)} />
        {shown.map(row => (
          <Line
            key={row.id}
            row={row}
            range={range}
            isClosed={collapsed.has(row.id)}
            isOpen={row.id === chosen}
            isCurrent={row.id === current?.id}
            focus={() => focus(row.id)}
            close={isClosed => close(row, isClosed)}
            open={isOpen => choose(isOpen ? row.id : null)}
            zoom={() => show(around(row.at_us, row.took_us, full))}>
            <Details
              row={row}
              trace={trace}
              related={related}
              zoom={() => show(around(row.at_us, row.took_us, full))}
            />
          </Line>
        ))}
      </div>
    </>
  );
}

interface LegendProps {
  isZoomed: boolean;
  zoom: (factor: number) => void;
  all: () => void;
}

function Legend({ isZoomed, zoom, all }: LegendProps) {
  return (
    <div class="waterfall-legend">
      <span class="legend-of gateway">gateway</span>
      <span class="legend-of service">service behind it</span>
      <span class="legend-of phase">phase</span>
      <span class="legend-of critical">what the duration is made of</span>
      <span class="legend-of gap">nobody tells what happened</span>
      <span class="tools">
        <Button aria-label="Zoom in" onClick={() => zoom(0.5)}>
          +
        </Button>
        <Button aria-label="Zoom out" disabled={!isZoomed} onClick={() => zoom(2)}>
          −
        </Button>
        <Button disabled={!isZoomed} onClick={all}>
          Show all
        </Button>
      </span>
    </div>
  );
}

/** The address says which row is open. */
function choose(id: string | null): void {
  const query = Object.fromEntries(here.value.query);
  go(href(here.value.path, { ...query, row: id ?? undefined }), "replace");
}

function closedAtFirst(all: Row[]): Set<string> {
  if (all.length <= MANY) return new Set();
  const deep = all.filter(row => row.depth >= DEPTH_OF_MANY && row.children > 0);
  return new Set(deep.map(row => row.id));
}
