/** How much, how well, how fast in the last minutes; and what is going on right now. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";

import { get } from "../api/client";
import type { History, HistoryPoint, Overview } from "../api/types";
import { Chart, type Line } from "../ui/chart";
import { ago, bytes, count, milliseconds, rate, share } from "../ui/format";
import { useLoad } from "../ui/load";
import { NoTraffic } from "../ui/no-traffic";
import { Loading, Panel, Problem } from "../ui/parts";

const WINDOW = "10m";
/** As fine as the history is. */
const EVERY_MS = 5_000;

export function Charts({ now }: { now: Overview }) {
  const { data, error, again } = useLoad(
    "history",
    () => get<History>("/api/v1/history", { of: "all", window: WINDOW }),
    EVERY_MS,
  );
  // The first request is seen at once.
  const hasTraffic = now.stats.requests > 0;
  useEffect(again, [hasTraffic]);
  // Before the history is there, the overview tells as much; so the page does not jump.
  const isQuiet =
    data?.points.every(point => point.requests_per_second === 0) ?? now.stats.last_seen === null;
  if (isQuiet && !hasTraffic)
    return (
      <div class="wide">
        <NoTraffic />
      </div>
    );
  return (
    <Panel title="Traffic" class="wide">
      {data ? (
        <Curves points={data.points} now={now} />
      ) : (
        <div class="curves-room">
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

function Curves({ points, now }: { points: HistoryPoint[]; now: Overview }) {
  const { stats } = now;
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
      <RightNow now={now} />
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

function RightNow({ now }: { now: Overview }) {
  const facts: [string, string][] = [
    ["In flight", count(now.in_flight)],
    ["Connections", count(now.connections)],
    ["Workers", count(now.workers)],
    ["Memory", bytes(now.memory_bytes)],
    [
      "Last request",
      now.stats.last_seen === null ? "–" : ago(now.stats.last_seen * 1000, now.now_ms),
    ],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
