/** One row of the waterfall: its name, its bar, how long it took. */
import type { ComponentChildren } from "preact";

import { microseconds } from "../../ui/format";
import { HealthMark } from "../../ui/parts";
import { place, type Range } from "./axis";
import type { Row, Stretch } from "./rows";

interface Props {
  row: Row;
  range: Range;
  isClosed: boolean;
  /** Its details are shown. */
  isOpen: boolean;
  isCurrent: boolean;
  focus: () => void;
  close: (isClosed: boolean) => void;
  open: (isOpen: boolean) => void;
  zoom: () => void;
  children: ComponentChildren;
}

export function Line(props: Props) {
  const { row, range, isClosed, isOpen } = props;
  const isParent = row.children > 0;
  return (
    <>
      <div
        class={`line ${row.kind} ${isOpen ? "open" : ""}`}
        role="row"
        data-row={row.id}
        aria-level={row.depth + 1}
        aria-expanded={isParent ? !isClosed : undefined}
        tabIndex={props.isCurrent ? 0 : -1}
        onFocus={props.focus}
        onClick={() => props.open(!isOpen)}
        onDblClick={props.zoom}>
        <div role="gridcell" class="line-name" style={{ paddingLeft: `${row.depth * 14}px` }}>
          <span
            class={isParent ? "fold" : "fold none"}
            aria-hidden="true"
            onClick={event => {
              if (!isParent) return;
              event.stopPropagation();
              props.close(!isClosed);
            }}>
            {isParent ? (isClosed ? "▸" : "▾") : ""}
          </span>
          <span class="line-title" title={row.title}>
            {row.failed && <HealthMark health="bad" />} {row.title}{" "}
            {row.kind === "service" && <span class="faint">{row.who}</span>}
            {row.kind === "gateway" && row.what && <span class="faint">{row.what}</span>}
          </span>
        </div>
        <div role="gridcell" class="line-track">
          <Bar row={row} range={range} />
        </div>
        <div role="gridcell" class="line-took">
          {microseconds(row.took_us)}
          {row.isBefore && <span class="faint"> before</span>}
        </div>
      </div>
      {isOpen && (
        <div role="row" class="line-details">
          <div role="gridcell">{props.children}</div>
        </div>
      )}
    </>
  );
}

function Bar({ row, range }: { row: Row; range: Range }) {
  if (row.isBefore) {
    return range.from_us === 0 ? <span class="bar-before" title="before the first byte" /> : null;
  }
  const box = place(row.at_us, row.at_us + row.took_us, range);
  if (!box) {
    const isLeft = row.at_us < range.from_us;
    return (
      <span class={isLeft ? "elsewhere left" : "elsewhere right"} aria-hidden="true">
        {isLeft ? "◂" : "▸"}
      </span>
    );
  }
  const inside = (kind: string, stretches: Stretch[]) =>
    stretches.map(([from, to]) => {
      const part = place(from, to, range);
      return part && <span key={`${kind}${from}`} class={`bar-${kind}`} style={at(part)} />;
    });
  return (
    <>
      <span class={`bar ${row.kind} ${row.failed ? "failed" : ""}`} style={at(box)} />
      {inside("gap", row.gaps)}
      {inside("critical", row.critical)}
    </>
  );
}

function at({ left, width }: { left: number; width: number }) {
  return { left: `${left}%`, width: `${width}%` };
}
