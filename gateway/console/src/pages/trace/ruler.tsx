/** The axis of the waterfall. Dragging over it shows that part. */
import { useRef, useState } from "preact/hooks";

import { place, ticks, type Range } from "./axis";

/** A drag shorter than this is a click. */
const LEAST = 0.01;

export function Ruler({ range, show }: { range: Range; show: (range: Range) => void }) {
  const axis = useRef<HTMLDivElement>(null);
  const [drag, keep] = useState<{ from: number; to: number } | null>(null);
  const at = (event: PointerEvent) => {
    const box = axis.current?.getBoundingClientRect();
    if (!box) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const us = (part: number) => range.from_us + part * (range.to_us - range.from_us);
  const end = () => {
    keep(null);
    if (!drag) return;
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    if (to - from >= LEAST) show({ from_us: us(from), to_us: us(to) });
  };
  const left = drag ? Math.min(drag.from, drag.to) : 0;
  return (
    <div class="line ruler" role="row">
      <div role="columnheader" class="line-name">
        What
      </div>
      <div
        role="columnheader"
        aria-label="When"
        class="line-track"
        ref={axis}
        title="Drag to zoom"
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          keep({ from: at(event), to: at(event) });
        }}
        onPointerMove={event => drag && keep({ ...drag, to: at(event) })}
        onPointerUp={end}
        onPointerCancel={() => keep(null)}>
        {ticks(range).map(tick => (
          <span
            key={tick.at_us}
            class="tick"
            style={{ left: `${place(tick.at_us, tick.at_us, range)?.left ?? 0}%` }}>
            {tick.label}
          </span>
        ))}
        {drag && (
          <span
            class="drag"
            style={{ left: `${left * 100}%`, width: `${Math.abs(drag.to - drag.from) * 100}%` }}
          />
        )}
      </div>
      <div role="columnheader" class="line-took">
        Took
      </div>
    </div>
  );
}
