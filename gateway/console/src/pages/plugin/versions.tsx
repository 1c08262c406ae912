/** Instance sets that live, and what each costs. */
import type { PluginVersion } from "../../api/types";
import { bytes, count, microseconds } from "../../ui/format";
import { HealthMark, Panel, type Health } from "../../ui/parts";
import { short } from "./facts";

const HEALTH: Record<PluginVersion["state"], Health> = {
  serving: "good",
  canary: "off",
  draining: "idle",
};

export function Versions({ versions }: { versions: PluginVersion[] }) {
  return (
    <Panel title="What runs">
      {versions.map((version, at) => (
        <Version key={`${version.digest} ${at}`} version={version} />
      ))}
      {versions.length === 0 && <p class="lead">No instance of it lives at the moment.</p>}
    </Panel>
  );
}

function Version({ version }: { version: PluginVersion }) {
  const { digest, state, cost } = version;
  return (
    <section class="version" aria-label={`${state}, ${short(digest)}`}>
      <h3>
        <HealthMark health={HEALTH[state]} label={state} />{" "}
        <code title={digest}>{short(digest)}</code>
      </h3>
      <dl class="numbers">
        <Number name="Requests" value={count(version.requests)} />
        <Number name="Traps" value={count(version.traps)} isBad={version.traps > 0} />
        <Number name="Out of time" value={count(version.deadlines)} isBad={version.deadlines > 0} />
        <Number name="Replaced instances" value={count(version.replaced)} />
        <Number name="Instances" value={count(version.instances)} />
        <Number name="Requests inside" value={count(version.requests_inside)} />
        <Number name="Open calls" value={count(version.calls_open)} />
        <Number name="Memory" value={bytes(version.memory_bytes)} />
        {Object.entries(version.limits_met).map(([limit, times]) => (
          <Number key={limit} name={`Limit ${limit}`} value={`met ${count(times)} ×`} isBad />
        ))}
      </dl>
      {cost.length > 0 ? <Cost cost={cost} /> : <p class="lead">No request has met it yet.</p>}
    </section>
  );
}

function Number({ name, value, isBad }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {isBad && <HealthMark health="bad" />} {value}
      </dd>
    </div>
  );
}

function Cost({ cost }: { cost: PluginVersion["cost"] }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Cost">
      <table class="cost">
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col" class="number">
              Mean
            </th>
            <th scope="col" class="number">
              p50
            </th>
            <th scope="col" class="number">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {cost.map(({ phase, calls, mean_us, p50_us, p99_us }) => (
            <tr key={phase}>
              <td>{phase.replaceAll("_", " ")}</td>
              <td class="number">{count(calls)}</td>
              <td class="number">{microseconds(mean_us)}</td>
              <td class="number">{microseconds(p50_us)}</td>
              <td class="number">{microseconds(p99_us)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
