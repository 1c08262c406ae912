/**
 * Each request as a point: when it came, how long it took. The table below says the same, so this
 * is for the eye and the mouse only.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import type { RequestSummary } from "../../api/types";
import { go, href } from "../../location";
import { clock, microseconds } from "../../ui/format";
import { shownInterest } from "../../ui/interest";
import { statusText } from "../../ui/outcome";
import { durations, nearest, powerOfTen, times } from "./scatter-scale";

const HEIGHT = 150;
const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 22;
/** How near the mouse must be. */
const REACH = 24;

type Mark = RequestSummary & { x: number; y: number };

export function Scatter({ requests }: { requests: RequestSummary[] }) {
  const [box, width] = useWidth();
  const [over, hover] = useState<Mark | null>(null);
  const moments = requests.map(({ at_ms }) => at_ms);
  const time = times(Math.min(...moments), Math.max(...moments));
  const took = durations(requests.map(({ took_us }) => took_us));
  const x = (at: number) => LEFT + time.place(at) * Math.max(0, width - LEFT - RIGHT);
  const y = (us: number) => HEIGHT - BOTTOM - took.place(us) * (HEIGHT - TOP - BOTTOM);
  const marks = requests.map(request => ({
    ...request,
    x: x(request.at_ms),
    y: y(request.took_us),
  }));
  const find = (event: MouseEvent & { currentTarget: SVGSVGElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearest(marks, event.clientX - box.left, event.clientY - box.top, REACH);
  };
  return (
    <figure class="scatter panel" ref={box}>
      <figcaption class="faint">
        Duration over time. ● answered, ▲ slow, ◆ failed. Click a point to open it.
      </figcaption>
      <svg
        role="img"
        aria-label={`Durations of ${requests.length} requests over time; the table lists them`}
        width={width}
        height={HEIGHT}
        onMouseMove={event => hover(find(event))}
        onMouseLeave={() => hover(null)}
        onClick={event => {
          const mark = find(event);
          if (mark) go(href(`/traces/${mark.seq}`));
        }}>
        <Axes
          width={width}
          time={time.ticks.map(at => [x(at), clock(at)])}
          took={took.ticks}
          y={y}
        />
        {marks.map(mark => (
          <Point key={mark.seq} mark={mark} isOver={mark.seq === over?.seq} />
        ))}
      </svg>
      <p class="scatter-tip" aria-hidden="true">
        {over
          ? `${clock(over.at_ms)} · ${over.method} ${over.target} · ${statusText(over.status)} · ${microseconds(over.took_us)}`
          : "\u00a0"}
      </p>
    </figure>
  );
}

interface AxesProps {
  width: number;
  time: (readonly [number, string])[];
  took: number[];
  y: (us: number) => number;
}

function Axes({ width, time, took, y }: AxesProps) {
  const fits = time.filter(([x]) => x > LEFT + 20 && x < width - 30);
  return (
    <g class="axes">
      {took.map((us, at) => (
        <g key={us}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(us)} y2={y(us)} />
          {(took.length <= 5 || at % 2 === 0) && (
            <text x={LEFT - 6} y={y(us) + 4} text-anchor="end">
              {powerOfTen(us)}
            </text>
          )}
        </g>
      ))}
      {fits.map(([x, label]) => (
        <text key={label} x={x} y={HEIGHT - 5} text-anchor="middle">
          {label}
        </text>
      ))}
    </g>
  );
}

function Point({ mark, isOver }: { mark: Mark; isOver: boolean }) {
  const { x, y } = mark;
  const interest = shownInterest(mark);
  const r = isOver ? 7 : interest === "sample" ? 3 : 4.5;
  const look = `point ${interest} ${isOver ? "over" : ""}`;
  if (interest === "sample") return <circle class={look} cx={x} cy={y} r={r} />;
  if (interest === "slow") {
    return <path class={look} d={`M${x} ${y - r}l${r} ${1.8 * r}h${-2 * r}z`} />;
  }
  return <path class={look} d={`M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`} />;
}

/** The width that the element has, also when it changes. */
function useWidth() {
  const box = useRef<HTMLElement>(null);
  const [width, keep] = useState(600);
  useEffect(() => {
    const own = box.current;
    if (!own) return;
    const padding = 34;
    const measure = () => keep(Math.max(200, own.clientWidth - padding));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(own);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
