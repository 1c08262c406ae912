/** One route: its rules in words, how it does, and what can be changed. */
import { mayChange } from "../api/session";
import type { RouteStatus } from "../api/types";
import { ChangePanel } from "../change/panel";
import { Suspend } from "../change/suspend";
import { href } from "../location";
import type { PageProps } from "../pages";
import { HealthMark, Page, Problem } from "../ui/parts";
import { One, type KnownProps } from "../ui/one";
import { Past } from "../ui/past";
import { Recent } from "../ui/recent";
import { Rules } from "./route/rules";
import { HEALTH_WORDS, routeHealth } from "./services/health";
import { keyed } from "./traces/query";
import "./route.css";

export function Route({ args: [name = ""] }: PageProps) {
  return <One kind="route" name={name} Known={Known} />;
}

function Known(props: KnownProps<RouteStatus>) {
  const { one: route, error, again } = props;
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
