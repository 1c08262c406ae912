/** How much, how well and how fast over the last ten minutes, of one thing. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import { get } from "../api/client";
import type { History, HistoryPoint, Stats } from "../api/types";
import { Chart, type Line } from "./chart";
import { milliseconds, rate, share } from "./format";
import { useLoad } from "./load";
import { Loading, Panel, Problem } from "./parts";
import "./past.css";

const WINDOW = "10m";
/** As fine as the history is. */
const EVERY_MS = 5_000;

/** `of`: `service:staff`. */
export function Past({ of, stats }: { of: string; stats: Stats }) {
  const { data, error, again } = useLoad(
    `history ${of}`,
    () => get<History>("/api/v1/history", { of, window: WINDOW }),
    EVERY_MS,
  );
  return (
    <Panel title="Last 10 minutes">
      {data ? (
        <Curves points={data.points} stats={stats} />
      ) : (
        <div class="past-room">
          {error === null ? (
            <Loading what="Reading the last minutes" />
          ) : (
            <Problem error={error} retry={again} />
          )}
        </div>
      )}
    </Panel>
  );
}

function Curves({ points, stats }: { points: HistoryPoint[]; stats: Stats }) {
  const times = useMemo(() => points.map(({ at }) => at), [points]);
  const lines = useMemo(() => linesOf(points), [points]);
  return (
    <div class="past-curves">
      <Figure name="Requests" value={rate(stats.requests_per_second)}>
        <Chart
          label="Requests per second"
          times={times}
          lines={lines.rate}
          format={rate}
          least={1}
        />
      </Figure>
      <Figure name="Failed" value={share(stats.error_share)}>
        <Chart
          label="Share of requests that failed"
          times={times}
          lines={lines.failed}
          format={share}
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
        <Chart label="Durations" times={times} lines={lines.took} format={milliseconds} log />
      </Figure>
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
    <div>
      <p class="past-figure">
        <span class="lead">{props.name}</span> <b>{props.value}</b>{" "}
        {props.more && <span class="lead past-more">{props.more}</span>}
      </p>
      {props.children}
    </div>
  );
}
