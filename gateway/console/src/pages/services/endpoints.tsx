/** The endpoints of a service, their health with its reason, and taking one out of use. */
import { mayChange } from "../../api/session";
import type { EndpointStatus, ServiceStatus } from "../../api/types";
import { Suspend } from "../../change/suspend";
import { milliseconds, rate, share } from "../../ui/format";
import { HealthMark, Panel } from "../../ui/parts";
import { Words } from "../../ui/words";
import { endpointHealth, endpointWhy, isUp } from "./health";
import "../../ui/listing.css";

export function Endpoints({ service: { name, endpoints } }: { service: ServiceStatus }) {
  const up = endpoints.filter(isUp).length;
  const whole = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  const title = `Endpoints, ${up} of ${endpoints.length} up`;
  return (
    <Panel title={title}>
      <div class="listing" tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col">Health</th>
              <th scope="col" class="number wide-only">
                Weight
              </th>
              <th scope="col" class="number wide-only">
                Requests
              </th>
              <th scope="col" class="number wide-only">
                Failed
              </th>
              <th scope="col" class="number wide-only">
                p99
              </th>
              {mayChange.value && (
                <th scope="col">
                  <span class="unseen">Suspend</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {endpoints.map(one => (
              <Row key={one.address} one={one} of={name} whole={whole} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({ one, of, whole }: { one: EndpointStatus; of: string; whole: number }) {
  const { address, weight, health, resolved, suspended, stats, path } = one;
  const why = endpointWhy(one);
  return (
    <tr>
      <td class="listing-words">
        <code>{address}</code>
        {resolved.length > 0 && <div class="lead">stands for {resolved.join(", ")}</div>}
      </td>
      <td class="listing-words">
        <HealthMark health={endpointHealth(one)} label={health} />
        {why && (
          <div class="lead">
            <Words text={why} />
          </div>
        )}
      </td>
      <td class="number wide-only">
        {weight}
        <span class="lead"> {whole > 0 && `(${share(weight / whole)})`}</span>
      </td>
      <td class="number wide-only">{rate(stats.requests_per_second)}</td>
      <td class="number wide-only">{share(stats.error_share)}</td>
      <td class="number wide-only">{milliseconds(stats.p99_ms)}</td>
      {mayChange.value && (
        <td class="number">
          <Suspend
            what={`endpoint ${address} of ${of}`}
            path={path}
            suspended={suspended}
            quiet
            trouble={health === "failing" ? why : null}
          />
        </td>
      )}
    </tr>
  );
}
