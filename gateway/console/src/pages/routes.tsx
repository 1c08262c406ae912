/** All routes: which hosts and requests, where they go, how they do. */
import { get } from "../api/client";
import { mayChange } from "../api/session";
import type { RouteStatus } from "../api/types";
import { Suspend } from "../change/suspend";
import { href, part } from "../location";
import { healthOf, ranked } from "../overview/rank";
import { milliseconds, plural, rate, share } from "../ui/format";
import { Listing } from "../ui/listing";
import { useLoad } from "../ui/load";
import { Empty, HealthMark, Loading, Page, Problem, Tag } from "../ui/parts";
import { backendWords, matchWords, timeoutWords } from "./route/words";

const EVERY_MS = 2_000;

export function Routes() {
  const { data, error, again } = useLoad(
    "routes",
    () => get<RouteStatus[]>("/api/v1/routes"),
    EVERY_MS,
  );
  return (
    <Page
      title="Routes"
      lead="Which requests go where. Those that need a look come first; numbers are of the last minute."
      tools={<a href="#/explain">Which route takes a request?</a>}>
      {error !== null && <Problem error={error} retry={again} />}
      {data ? <Table all={data} /> : error === null && <Loading what="Reading the routes" />}
    </Page>
  );
}

function Table({ all }: { all: RouteStatus[] }) {
  if (all.length === 0)
    return (
      <Empty title="No route yet">
        <p>
          Every request is answered with 404 until the <a href="#/configuration">configuration</a>{" "}
          has a route.
        </p>
      </Empty>
    );
  return (
    <Listing
      title={plural(all.length, "route")}
      one="route"
      all={ranked(all)}
      words={route =>
        [route.name, ...route.hosts, matchWords(route), backendWords(route)].join(" ")
      }
      head={
        <tr>
          <th scope="col">Route</th>
          <th scope="col" class="wide-only">
            Hosts
          </th>
          <th scope="col" class="wide-only">
            Requests whose
          </th>
          <th scope="col" class="wide-only">
            Go to
          </th>
          <th scope="col" class="wide-only">
            Timeout
          </th>
          <th scope="col" class="number">
            Requests
          </th>
          <th scope="col" class="number">
            Failed
          </th>
          <th scope="col" class="number">
            p99
          </th>
          {mayChange.value && (
            <th scope="col" class="wide-only">
              <span class="unseen">Suspend</span>
            </th>
          )}
        </tr>
      }
      row={route => <Row key={route.name} route={route} />}
    />
  );
}

function Row({ route }: { route: RouteStatus }) {
  const { name, hosts, stats, suspended, path } = route;
  return (
    <tr>
      <td class="listing-name">
        <HealthMark health={healthOf(route)} /> <a href={href(`/routes/${part(name)}`)}>{name}</a>
        {suspended !== null && (
          <>
            {" "}
            <Tag look="off" title={suspended}>
              suspended
            </Tag>
          </>
        )}
      </td>
      <td class="wide-only listing-words">{hosts.join(", ") || "every host"}</td>
      <td class="wide-only listing-words">{matchWords(route)}</td>
      <td class="wide-only listing-words">{backendWords(route)}</td>
      <td class="wide-only">{timeoutWords(route)}</td>
      <td class="number">{rate(stats.requests_per_second)}</td>
      <td class="number">{share(stats.error_share)}</td>
      <td class="number">{milliseconds(stats.p99_ms)}</td>
      {mayChange.value && (
        <td class="wide-only number">
          <Suspend what={`route ${name}`} path={path} suspended={suspended} quiet />
        </td>
      )}
    </tr>
  );
}
