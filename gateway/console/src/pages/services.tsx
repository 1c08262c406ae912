/** All services: how each is, how much it gets, how many of its endpoints are up. */
import { get } from "../api/client";
import { mayChange } from "../api/session";
import type { ServiceStatus } from "../api/types";
import { Suspend } from "../change/suspend";
import { href, part } from "../location";
import { ranked } from "../overview/rank";
import { milliseconds, plural, rate, share } from "../ui/format";
import { Listing } from "../ui/listing";
import { useLoad } from "../ui/load";
import { Empty, HealthMark, Loading, Page, Problem } from "../ui/parts";
import { HEALTH_WORDS, isUp, serviceHealth } from "./services/health";

const EVERY_MS = 2_000;

export function Services() {
  const { data, error, again } = useLoad(
    "services",
    () => get<ServiceStatus[]>("/api/v1/services"),
    EVERY_MS,
  );
  return (
    <Page
      title="Services"
      lead="Where requests can go. Those that need a look come first; numbers are of the last minute.">
      {error !== null && <Problem error={error} retry={again} />}
      {data ? <Table all={data} /> : error === null && <Loading what="Reading the services" />}
    </Page>
  );
}

function Table({ all }: { all: ServiceStatus[] }) {
  if (all.length === 0)
    return (
      <Empty title="No service yet">
        <p>
          A service is a name for the addresses that answer alike. Write one in the{" "}
          <a href="#/configuration">configuration</a>.
        </p>
      </Empty>
    );
  return (
    <Listing
      title={plural(all.length, "service")}
      one="service"
      all={ordered(all)}
      words={({ name, endpoints }) => `${name} ${endpoints.map(one => one.address).join(" ")}`}
      head={
        <tr>
          <th scope="col">Service</th>
          <th scope="col" class="wide-only">
            How it is
          </th>
          <th scope="col" class="number">
            Requests
          </th>
          <th scope="col" class="number">
            Failed
          </th>
          <th scope="col" class="number wide-only">
            p50
          </th>
          <th scope="col" class="number">
            p99
          </th>
          <th scope="col" class="number">
            Endpoints
          </th>
          {mayChange.value && (
            <th scope="col" class="wide-only">
              <span class="unseen">Suspend</span>
            </th>
          )}
        </tr>
      }
      row={service => <Row key={service.name} service={service} />}
    />
  );
}

function Row({ service }: { service: ServiceStatus }) {
  const { name, stats, endpoints, suspended, path } = service;
  const { health, why } = serviceHealth(service);
  return (
    <tr>
      <td class="listing-name">
        <HealthMark health={health} /> <a href={href(`/services/${part(name)}`)}>{name}</a>
      </td>
      <td class="wide-only listing-words">
        {health === "off" ? `suspended: ${why}` : (why ?? HEALTH_WORDS[health])}
      </td>
      <td class="number">{rate(stats.requests_per_second)}</td>
      <td class="number">{share(stats.error_share)}</td>
      <td class="number wide-only">{milliseconds(stats.p50_ms)}</td>
      <td class="number">{milliseconds(stats.p99_ms)}</td>
      <td class="number">
        {endpoints.filter(isUp).length}/{endpoints.length}
      </td>
      {mayChange.value && (
        <td class="wide-only number">
          <Suspend what={`service ${name}`} path={path} suspended={suspended} quiet />
        </td>
      )}
    </tr>
  );
}

/** By how they are, as the mark says it; among those the slowest first. */
function ordered(all: ServiceStatus[]): ServiceStatus[] {
  const ranks = { bad: 0, warn: 1, off: 2, good: 3, idle: 4 };
  const rank = (service: ServiceStatus) => ranks[serviceHealth(service).health];
  return ranked(all).sort((a, b) => rank(a) - rank(b));
}
