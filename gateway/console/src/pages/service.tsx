/** One service: how it is and why, its endpoints, who uses it, and what can be changed. */
import { mayChange } from "../api/session";
import type { ServiceStatus } from "../api/types";
import { ChangePanel } from "../change/panel";
import { Suspend } from "../change/suspend";
import { href, part } from "../location";
import type { PageProps } from "../pages";
import { HealthMark, Page, Panel, Problem } from "../ui/parts";
import { One, type KnownProps } from "../ui/one";
import { Past } from "../ui/past";
import { Recent } from "../ui/recent";
import { Words } from "../ui/words";
import { Endpoints } from "./services/endpoints";
import { HEALTH_WORDS, serviceHealth } from "./services/health";
import { keyed } from "./traces/query";

export function Service({ args: [name = ""] }: PageProps) {
  return <One kind="service" name={name} Known={Known} />;
}

function Known(props: KnownProps<ServiceStatus>) {
  const { one: service, error, again } = props;
  const { name, stats, suspended, path, used_by } = service;
  const { health, why } = serviceHealth(service);
  const q = keyed("service", name);
  const tools = (
    <>
      <a href={href("/graph", { select: `service:${name}` })}>In the graph</a>
      {mayChange.value && (
        <Suspend
          what={`service ${name}`}
          path={path}
          suspended={suspended}
          trouble={health === "bad" ? why : null}
        />
      )}
    </>
  );
  return (
    <Page
      title={name}
      lead={
        <>
          Service · <HealthMark health={health} label={HEALTH_WORDS[health]} />
          {why && (
            <>
              : <Words text={why} />
            </>
          )}
        </>
      }
      tools={tools}>
      {error !== null && <Problem error={error} retry={again} />}
      <Past of={`service:${name}`} stats={stats} />
      <Endpoints service={service} />
      <UsedBy used={used_by} />
      <ChangePanel kind="service" name={name} />
      <Recent
        q={q}
        none={
          <>
            No request to it is kept yet. <a href="#/explain">Explain</a> can send one.
          </>
        }
      />
    </Page>
  );
}

function UsedBy({ used }: { used: ServiceStatus["used_by"] }) {
  return (
    <Panel title="Used by">
      {used.length === 0 ? (
        <p class="lead">
          No route sends requests here. Plugins may call it. To send a share of a route's requests
          here, open <a href="#/routes">the route</a>.
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">Rule</th>
              <th scope="col" class="number">
                Weight
              </th>
            </tr>
          </thead>
          <tbody>
            {used.map(({ route, rule, weight }, at) => (
              <tr key={at}>
                <td>
                  <a href={href(`/routes/${part(route)}`)}>{route}</a>
                </td>
                <td>{rule}</td>
                <td class="number">{weight}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
