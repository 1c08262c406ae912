/** Requests, failures and durations of the last minutes as lines, each with the number of now. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import type { HistoryPoint, Stats } from "../api/types";
import { Chart, type Line } from "./chart";
import { milliseconds, rate, share } from "./format";
import "./curves.css";

/** `stats` are of now: the lines leave out their newest values, which are of a longer time. */
export function Curves(props: {
  points: HistoryPoint[];
  stats: Stats;
  children?: ComponentChildren;
}) {
  const { points, stats } = props;
  const times = useMemo(() => points.map(({ at }) => at), [points]);
  const lines = useMemo(() => linesOf(points), [points]);
  return (
    <div class="curves">
      <Figure name="Requests" value={rate(stats.requests_per_second)}>
        <Chart
          label="Requests per second in the last 10 minutes"
          times={times}
          lines={lines.rate}
          format={rate}
          newestElsewhere
          least={1}
        />
      </Figure>
      <Figure name="Failed" value={share(stats.error_share)}>
        <Chart
          label="Share of requests that failed in the last 10 minutes"
          times={times}
          lines={lines.failed}
          format={share}
          newestElsewhere
          least={0.01}
        />
      </Figure>
      <Figure
        name="Median"
        value={milliseconds(stats.p50_ms)}
        more={
          <>
            p99 <b>{milliseconds(stats.p99_ms)}</b>
          </>
        }>
        <Chart
          label="Durations in the last 10 minutes"
          times={times}
          lines={lines.took}
          format={milliseconds}
          newestElsewhere
          log
        />
      </Figure>
      {props.children}
    </div>
  );
}

function linesOf(points: HistoryPoint[]): Record<"rate" | "failed" | "took", Line[]> {
  const column = (of: (point: HistoryPoint) => number | null) => points.map(of);
  const failed = (point: HistoryPoint) =>
    point.requests_per_second > 0 ? point.errors_per_second / point.requests_per_second : null;
  return {
    rate: [
      { name: "requests", colour: "accent", values: column(point => point.requests_per_second) },
      {
        name: "failed",
        colour: "bad",
        dashed: true,
        values: column(point => point.errors_per_second),
      },
    ],
    failed: [{ name: "failed", colour: "bad", filled: true, values: column(failed) }],
    took: [
      { name: "p50", colour: "accent", values: column(point => point.p50_ms) },
      { name: "p99", colour: "warn", dashed: true, values: column(point => point.p99_ms) },
    ],
  };
}

function Figure(props: {
  name: string;
  value: string;
  more?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <div class="curve">
      <p class="figure">
        <span class="figure-name">{props.name}</span> <b>{props.value}</b>{" "}
        {props.more && <span class="figure-more">{props.more}</span>}
      </p>
      {props.children}
    </div>
  );
}
