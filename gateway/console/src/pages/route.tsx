/** One route: its rules in words, how it does, and what can be changed. */
import { get, Refused } from "../api/client";
import { mayChange } from "../api/session";
import type { RouteStatus } from "../api/types";
import { ChangePanel } from "../change/panel";
import { Suspend } from "../change/suspend";
import { href, part } from "../location";
import type { PageProps } from "../pages";
import { Gone } from "../ui/gone";
import { useLoad } from "../ui/load";
import { HealthMark, Loading, Page, Problem } from "../ui/parts";
import { Past } from "../ui/past";
import { Recent } from "../ui/recent";
import { Rules } from "./route/rules";
import { HEALTH_WORDS, routeHealth } from "./services/health";
import { keyed } from "./traces/query";
import "./route.css";

const EVERY_MS = 2_000;

export function Route({ args: [name = ""] }: PageProps) {
  const { data, error, again } = useLoad(
    `route ${name}`,
    () => get<RouteStatus>(`/api/v1/routes/${part(name)}`),
    EVERY_MS,
  );
  if (error instanceof Refused && error.status === 404) return <Missing name={name} />;
  if (!data)
    return (
      <Page title={name}>
        {error === null ? (
          <Loading what="Reading the route" />
        ) : (
          <Problem error={error} retry={again} />
        )}
      </Page>
    );
  return <Known route={data} error={error} again={again} />;
}

function Missing({ name }: { name: string }) {
  const { data } = useLoad("routes", () => get<RouteStatus[]>("/api/v1/routes"));
  return <Gone kind="route" name={name} names={(data ?? []).map(one => one.name)} />;
}

function Known(props: { route: RouteStatus; error: unknown; again: () => void }) {
  const { route, error, again } = props;
  const { name, stats, suspended, path, hosts, listeners } = route;
  const { health, why } = routeHealth(route);
  const tools = (
    <>
      <a href={href("/graph", { select: `route:${name}` })}>In the graph</a>
      {mayChange.value && (
        <Suspend
          what={`route ${name}`}
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
          Route · <HealthMark health={health} label={HEALTH_WORDS[health]} />
          {why && `: ${why}`} · {hosts.join(", ") || "every host"}
          {listeners.length > 0 && ` on ${listeners.join(", ")}`}
        </>
      }
      tools={tools}>
      {error !== null && <Problem error={error} retry={again} />}
      <Past of={`route:${name}`} stats={stats} />
      <Rules route={route} />
      <ChangePanel kind="route" name={name} />
      <Recent
        q={keyed("route", name)}
        none={
          <>
            No request that it took is kept yet. <a href="#/explain">Explain</a> can send one.
          </>
        }
      />
    </Page>
  );
}
