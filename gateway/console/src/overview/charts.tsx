/** How much, how well, how fast in the last minutes; and what is going on right now. */
import { useEffect } from "preact/hooks";

import { get } from "../api/client";
import type { History, Overview } from "../api/types";
import { Curves } from "../ui/curves";
import { ago, bytes, count } from "../ui/format";
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
        <Curves points={data.points} stats={now.stats}>
          <RightNow now={now} />
        </Curves>
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
