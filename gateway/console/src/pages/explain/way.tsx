/** The way of a request from the listener to its endpoints, and the rules that lost. */
import type { ComponentChildren } from "preact";

import type { Explained } from "../../api/types";
import { href, part } from "../../location";
import { HealthMark, Panel, Tag, type Health } from "../../ui/parts";
import { health, reasonWords } from "../../ui/outcome";
import { Words } from "../../ui/words";
import { meetsFilters, meetsService, ownAnswer } from "./verdict";

export function Way({ explained }: { explained: Explained }) {
  const { listener, host, rule, filters, timeout, backends } = explained;
  return (
    <ol class="way">
      <Step
        name="Listener"
        health={listener ? "good" : "bad"}
        line={listener && <Source at={listener} />}>
        {listener ? (
          <>
            <strong>{listener.name}</strong> on {listener.address}
          </>
        ) : (
          "No listener takes this address."
        )}
      </Step>
      {host && <Host host={host} />}
      {listener && (
        <Step name="Rule" health={rule ? "good" : "bad"} line={rule && <Source at={rule} />}>
          {rule ? (
            <>
              <a href={`#/routes/${part(rule.route)}`}>
                <strong>{rule.route}</strong>
              </a>
              , rule {ruleOf(rule)}: <Words text={rule.why} />
            </>
          ) : (
            "No rule matches."
          )}
        </Step>
      )}
      {filters.length > 0 && (
        <Step name="Filters" health={meetsFilters(explained) ? "good" : "idle"}>
          <ol class="way-filters">
            {filters.map((filter, at) => (
              <li key={at}>
                <Words text={filter} />
              </li>
            ))}
          </ol>
        </Step>
      )}
      {rule && (
        <Step name="Timeout" health="idle">
          <Words text={timeout ?? "none: the client waits as long as the service does"} />
        </Step>
      )}
      {backends.map(backend => (
        <Backend key={backend.service} backend={backend} isMet={meetsService(explained)} />
      ))}
    </ol>
  );
}

function Host({ host }: { host: NonNullable<Explained["host"]> }) {
  return (
    <Step name="Host" health={host.pattern ? "good" : "bad"}>
      {host.pattern ? (
        host.pattern === "*" ? (
          "every host is taken here"
        ) : (
          <>
            matches <code>{host.pattern}</code>
          </>
        )
      ) : (
        <>
          No host matches. Known here: {host.known.length === 0 && "none"}
          {host.known.map((known, at) => (
            <span key={known}>
              {at > 0 && ", "}
              <code>{known}</code>
            </span>
          ))}
        </>
      )}
    </Step>
  );
}

type BackendProps = { backend: Explained["backends"][number]; isMet: boolean };

function Backend({ backend, isMet }: BackendProps) {
  const { service, share, suspended, endpoints } = backend;
  const reached = isMet ? "good" : "idle";
  return (
    <Step name="Service" health={suspended ? "off" : endpoints.length ? reached : "bad"}>
      <a href={`#/services/${part(service)}`}>
        <strong>{service}</strong>
      </a>{" "}
      <span class="faint">{share}</span> {suspended && <Tag look="off">suspended: {suspended}</Tag>}
      <ul class="way-endpoints">
        {endpoints.map(endpoint => (
          <li key={endpoint}>
            <Words text={endpoint} />
          </li>
        ))}
        {endpoints.length === 0 && <li>no endpoint</li>}
      </ul>
    </Step>
  );
}

/** What the gateway answers by itself: it stands before the steps, since not all of them are gone. */
export function Own({ answer }: { answer: string }) {
  const { status, reason, more } = ownAnswer(answer);
  const isRefused = health(status) !== "good";
  return (
    <p class={`explain-own ${isRefused ? "refused" : ""}`}>
      <HealthMark health={isRefused ? "bad" : "good"} /> The gateway itself answers{" "}
      <strong>{status}</strong>
      {reason && (
        <>
          : {reasonWords(reason)} (<code>{reason}</code>)
        </>
      )}
      {more && (
        <>
          {reason === "suspended" ? ": " : " "}
          <Words text={more} />
        </>
      )}
    </p>
  );
}

interface StepProps {
  name: string;
  health: Health;
  line?: ComponentChildren;
  children: ComponentChildren;
}

function Step({ name, health, line, children }: StepProps) {
  return (
    <li class={`way-step ${health}`}>
      <span class="way-name">
        <HealthMark health={health} /> {name}
      </span>
      <div class="way-what">{children}</div>
      {line && <span class="way-line">{line}</span>}
    </li>
  );
}

interface Place {
  source: string | null;
  line: number | null;
}

/** The line of the configuration that says so. */
function Source({ at }: { at: Place }) {
  if (!at.source) return null;
  const to = href("/configuration", {
    source: at.source,
    line: at.line === null ? undefined : String(at.line),
  });
  const name = at.source.split("/").at(-1);
  return (
    <a href={to} title={at.source}>
      {name}
      {at.line !== null && `:${at.line}`}
    </a>
  );
}

export function Lost({ explained: { lost } }: { explained: Explained }) {
  if (lost.length === 0) return null;
  return (
    <Panel title="Rules that lost">
      <table class="lost">
        <thead>
          <tr>
            <th>Rule</th>
            <th>Why</th>
            <th>Line</th>
          </tr>
        </thead>
        <tbody>
          {lost.map(rule => (
            <tr key={`${rule.route}/${rule.rule}`}>
              <td>
                <a href={`#/routes/${part(rule.route)}`}>{rule.route}</a>/{ruleOf(rule)}
              </td>
              <td>
                <Words text={rule.why} />
              </td>
              <td>
                <Source at={rule} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** The gateway may call a rule `staff/0`: rule 0 of route `staff`. */
function ruleOf({ route, rule }: { route: string; rule: string }): string {
  return rule.startsWith(`${route}/`) ? rule.slice(route.length + 1) : rule;
}
