/** What a plugin may do, and how far it may go. */
import type { Plugin } from "../../api/types";
import { HealthMark, Panel, Tag } from "../../ui/parts";

export function Capabilities({ plugin: { imports, grants } }: { plugin: Plugin }) {
  const refused = imports.filter(({ granted, offered }) => !granted || !offered);
  return (
    <Panel title="What it may do">
      <p>
        Granted:{" "}
        {grants.length > 0
          ? grants.map(grant => (
              <>
                <Tag key={grant}>{grant}</Tag>{" "}
              </>
            ))
          : "nothing but the requests themselves."}
      </p>
      {refused.length > 0 && (
        <p>
          <HealthMark health="warn" /> It asks for {refused.length} more that it does not get.
        </p>
      )}
      <details>
        <summary>
          What it imports <span class="lead">({imports.length})</span>
        </summary>
        <div class="scrolls" tabIndex={0} role="region" aria-label="Imports">
          <Imports imports={[...refused, ...imports.filter(one => !refused.includes(one))]} />
        </div>
      </details>
    </Panel>
  );
}

function Imports({ imports }: { imports: Plugin["imports"] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Function</th>
          <th scope="col">Capability</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {imports.map(({ name, capability, offered, granted }) => (
          <tr key={name}>
            <td>
              <code class="breaks">{name}</code>
            </td>
            <td>{capability ?? "–"}</td>
            <td>
              {!offered ? (
                <HealthMark health="warn" label="not offered" />
              ) : granted ? (
                <HealthMark health="good" label="granted" />
              ) : (
                <HealthMark health="off" label="not granted" />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Limits({ plugin: { limits, versions } }: { plugin: Plugin }) {
  const met = (name: string) =>
    versions.reduce((sum, { limits_met }) => sum + (limits_met[name] ?? 0), 0);
  return (
    <Panel title="How far it may go">
      <details>
        <summary>
          Its limits <span class="lead">({limits.length})</span>
        </summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Limit</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col" class="number">
                Met
              </th>
            </tr>
          </thead>
          <tbody>
            {limits.map(({ name, value }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">{value}</td>
                <td class="number">{met(name) || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </Panel>
  );
}
