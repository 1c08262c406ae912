/** Rates, percentiles and classes of status, for the panel. */
import type { Stats } from "../api/types";
import { bytes, count, milliseconds, rate, share } from "../ui/format";

const CLASSES = ["no status", "1xx", "2xx", "3xx", "4xx", "5xx"];

export function Numbers({ stats, inFlight }: { stats: Stats; inFlight?: number }) {
  return (
    <>
      <dl class="graph-numbers">
        <Fact name="Rate" value={rate(stats.requests_per_second)} />
        <Fact name="Errors" value={share(stats.error_share)} />
        <Fact name="p50" value={milliseconds(stats.p50_ms)} />
        <Fact name="p90" value={milliseconds(stats.p90_ms)} />
        <Fact name="p99" value={milliseconds(stats.p99_ms)} />
        {inFlight !== undefined && <Fact name="In flight" value={count(inFlight)} />}
        <Fact name="In" value={bytes(stats.bytes_in)} />
        <Fact name="Out" value={bytes(stats.bytes_out)} />
      </dl>
      {stats.requests > 0 && <Classes stats={stats} />}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A bar of the classes, with their counts in words below. */
function Classes({ stats }: { stats: Stats }) {
  const present = stats.classes
    .map((number, at) => ({ number, name: CLASSES[at] ?? "", at }))
    .filter(({ number }) => number > 0);
  return (
    <div class="graph-classes">
      <div class="bar" aria-hidden="true">
        {present.map(({ number, at }) => (
          <span key={at} class={`class-${at}`} style={{ flexGrow: number }} />
        ))}
      </div>
      <p>
        {present.map(({ number, name, at }) => (
          <span key={at}>
            <i class={`class-${at}`} aria-hidden="true" /> {name} {count(number)}
          </span>
        ))}
      </p>
    </div>
  );
}
