/**
 * Lines over time. What is under the mouse, or the newest, stands above them in figures; who cannot
 * see them hears the newest, the lowest and the highest.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";

import { describe } from "./chart-words";
import { clock } from "./format";
import { isDark } from "./theme";
import "uplot/dist/uPlot.min.css";
import "./chart.css";

export interface Line {
  name: string;
  /** One for each of `times`. */
  values: (number | null)[];
  colour: "accent" | "good" | "warn" | "bad" | "idle" | "off";
  /** Lines differ by more than colour: the second of a chart is usually dashed. */
  dashed?: boolean;
  filled?: boolean;
}

export interface ChartProps {
  /** What is shown: `Requests per second in the last 10 minutes`. */
  label: string;
  /** Seconds since 1970, rising. */
  times: number[];
  lines: Line[];
  /** How a value is written. */
  format: (value: number | null) => string;
  /** Pixels; the space is kept while nothing is drawn yet. */
  height?: number;
  /** The axis reaches at least this far, so that noise near zero does not look like a mountain. */
  least?: number;
  /** A step up is ten times as much, so that 2 ms and 20 s can both be seen. */
  log?: boolean;
  /** The newest values stand elsewhere: only what is under the mouse is written above the lines. */
  newestElsewhere?: boolean;
  /** Without figures and axes: a sparkline. */
  bare?: boolean;
}

export function Chart(props: ChartProps) {
  const { label, times, lines, format, height = 120, bare = false } = props;
  const { newestElsewhere = false } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [under, setUnder] = useState<number | null>(null);

  const shape = lines.map(({ name, colour }) => name + colour).join();
  useEffect(() => {
    let stopped = false;
    let stop = () => {};
    void import("./chart-plot").then(({ draw }) => {
      if (stopped || !place.current) return;
      const drawn = draw(place.current, () => latest.current, setUnder);
      plot.current = drawn;
      const observer = new ResizeObserver(([entry]) => {
        if (entry) drawn.setSize({ width: entry.contentRect.width, height });
      });
      observer.observe(place.current);
      stop = () => {
        observer.disconnect();
        drawn.destroy();
        plot.current = null;
      };
    });
    return () => {
      stopped = true;
      stop();
    };
  }, [shape, height, bare]);

  useEffect(
    () => plot.current?.setData([times, ...lines.map(({ values }) => values)]),
    [times, lines],
  );
  const dark = isDark.value;
  useEffect(() => plot.current?.redraw(), [dark]);

  const at = under !== null && under < times.length ? under : times.length - 1;
  const time = times[at];
  const hasValues = under !== null || !newestElsewhere;
  return (
    <figure class="chart">
      {!bare && (
        <figcaption class="chart-key" aria-hidden="true">
          {lines.map(({ name, colour, dashed, values }) => (
            <span key={name}>
              <span class={`chart-mark ${colour} ${dashed ? "dashed" : ""}`} /> {name}{" "}
              {hasValues && <b>{format(values[at] ?? null)}</b>}
            </span>
          ))}
          <span class="chart-time">
            {under !== null && time !== undefined ? clock(time * 1000) : ""}
          </span>
        </figcaption>
      )}
      <div
        ref={place}
        class="chart-plot"
        style={{ height: `${height}px` }}
        role="img"
        aria-label={describe(label, lines, format)}
      />
    </figure>
  );
}
