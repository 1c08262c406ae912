/** The rules of a route in words, each with what can be tried on it. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import type { RouteStatus, RuleStatus } from "../../api/types";
import { effectiveOf } from "../../change/panel";
import { href, part } from "../../location";
import { milliseconds, share } from "../../ui/format";
import { useLoad } from "../../ui/load";
import { Button, Panel, Tag } from "../../ui/parts";
import { Words } from "../../ui/words";
import { DarkRelease } from "./dark-release";
import { Plugins } from "./plugins";
import { Split } from "./split";

type Wizard = "dark" | "split";

export function Rules({ route }: { route: RouteStatus }) {
  const [open, choose] = useState<{ rule: number; wizard: Wizard } | null>(null);
  const { data } = useLoad(`effective route:${route.name}`, () => effectiveOf("route", route.name));
  const close = () => choose(null);
  return (
    <Panel title={route.rules.length === 1 ? "Rule" : "Rules"}>
      <ol class="route-rules">
        {route.rules.map((rule, at) => (
          <li key={rule.name}>
            <Rule rule={rule} />
            {mayChange.value && data && rule.backends.length > 0 && (
              <div class="tools">
                <Button onClick={() => choose({ rule: at, wizard: "dark" })}>
                  Dark release by header …
                </Button>
                <Button onClick={() => choose({ rule: at, wizard: "split" })}>
                  Canary split …
                </Button>
              </div>
            )}
            {data && open?.rule === at && open.wizard === "dark" && (
              <DarkRelease route={route} at={at} effective={data} close={close} />
            )}
            {open?.rule === at && open.wizard === "split" && (
              <Split route={route} rule={rule} close={close} />
            )}
          </li>
        ))}
      </ol>
      {data && <Plugins route={route} effective={data} />}
    </Panel>
  );
}

function Rule({ rule }: { rule: RuleStatus }) {
  const { name, matches, filters, backends, timeout_ms, timeout_from } = rule;
  const whole = backends.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <div class="route-rule">
      <p>
        If{" "}
        {matches.length === 0
          ? "any request"
          : matches.map((match, at) => (
              <span key={at}>
                {at > 0 && " or "}
                <Words text={match} />
              </span>
            ))}{" "}
        <span class="lead">({name})</span>
      </p>
      {filters.length > 0 && (
        <p>
          through{" "}
          {filters.map((filter, at) => (
            <span key={at}>
              {at > 0 && ", "}
              <Words text={filter} />
            </span>
          ))}
        </p>
      )}
      <p>
        {backends.length === 0 ? "a filter answers" : "to "}
        {backends.map(({ service, weight, suspended }, at) => (
          <span key={at}>
            {at > 0 && ", "}
            <a href={href(`/services/${part(service)}`)}>{service}</a>
            {backends.length > 1 && ` ${whole > 0 ? share(weight / whole) : "no requests"}`}
            {suspended !== null && (
              <>
                {" "}
                <Tag look="off" title={suspended}>
                  suspended
                </Tag>
              </>
            )}
          </span>
        ))}
        {backends.length > 0 &&
          (timeout_ms
            ? `, within ${milliseconds(timeout_ms)} (${timeout_from}'s timeout)`
            : ", without a timeout")}
      </p>
    </div>
  );
}
