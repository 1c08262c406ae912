/** The routes to look at first: those that fail most, then the slowest. */
import { get } from "../api/client";
import type { RouteStatus } from "../api/types";
import { href, part } from "../location";
import { milliseconds, rate, share } from "../ui/format";
import { useLoad } from "../ui/load";
import { HealthMark, Panel, Problem } from "../ui/parts";
import { healthOf, ranked } from "./rank";

const MOST = 6;
const EVERY_MS = 5_000;

export function Ranking() {
  const routes = useLoad("routes", () => get<RouteStatus[]>("/api/v1/routes"), EVERY_MS);
  return (
    <Panel title="Routes to look at first" tools={<a href="#/routes">All routes</a>}>
      {routes.error !== null && !routes.data && (
        <Problem error={routes.error} retry={routes.again} />
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col" class="number">
                Requests
              </th>
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number ranking-p50">
                p50
              </th>
              <th scope="col" class="number">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {ranked(routes.data ?? [])
              .slice(0, MOST)
              .map(row)}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function row(route: RouteStatus) {
  const { name, stats } = route;
  return (
    <tr key={name}>
      <td class="ranking-name">
        <HealthMark health={healthOf(route)} /> <a href={href(`/routes/${part(name)}`)}>{name}</a>
      </td>
      <td class="number">{rate(stats.requests_per_second)}</td>
      <td class="number">{share(stats.error_share)}</td>
      <td class="number ranking-p50">{milliseconds(stats.p50_ms)}</td>
      <td class="number">{milliseconds(stats.p99_ms)}</td>
    </tr>
  );
}
