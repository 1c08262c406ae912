/** What can be done about the node that is looked at; each proposes a change of the configuration. */
import { useState } from "preact/hooks";

import { get } from "../api/client";
import type { Path, RouteStatus, ServiceStatus } from "../api/types";
import { propose } from "../change/propose";
import { onlyOperators } from "../change/suspend";
import { part } from "../location";
import { milliseconds } from "../ui/format";
import { useLoad } from "../ui/load";
import { Button } from "../ui/parts";
import type { ShownNode } from "./elements";

interface Props {
  node: ShownNode;
  /** Of an endpoint. */
  service: string | null;
}

export function Actions({ node, service }: Props) {
  if (node.kind === "route") return <RouteActions key={node.id} node={node} />;
  if (node.kind === "service") {
    const path: Path = ["services", { name: node.name }];
    return <Suspension key={node.id} node={node} what={`service ${node.name}`} path={path} />;
  }
  if (node.kind === "endpoint" && service) {
    return <EndpointActions key={node.id} node={node} service={service} />;
  }
  return null;
}

/** An endpoint that was written as a name is drawn as an address: the gateway knows which it is. */
function EndpointActions({ node, service }: { node: ShownNode; service: string }) {
  const { data } = useLoad(`service ${service}`, () =>
    get<ServiceStatus>(`/api/v1/services/${part(service)}`),
  );
  const own = data?.endpoints.find(
    ({ address, resolved }) => address === node.name || resolved.includes(node.name),
  );
  const byName: Path = ["services", { name: service }, "endpoints", { address: node.name }];
  const what = `endpoint ${node.name} of ${service}`;
  return <Suspension node={node} what={what} path={own?.path ?? byName} />;
}

function RouteActions({ node }: { node: ShownNode }) {
  const { data } = useLoad(`route ${node.name}`, () =>
    get<RouteStatus>(`/api/v1/routes/${part(node.name)}`),
  );
  const path = data?.path ?? ["routes", { name: node.name }];
  const own = data?.rules.find(rule => rule.timeout_from === "route")?.timeout_ms ?? null;
  return (
    <>
      <Timeout route={node.name} path={path} own={own} />
      <Suspension node={node} what={`route ${node.name}`} path={path} />
    </>
  );
}

function Timeout({ route, path, own }: { route: string; path: Path; own: number | null }) {
  const [text, setText] = useState("1s");
  const isDuration = /^\d+(\.\d+)?(ms|s|m)$/.test(text);
  const at: Path = [...path, "timeout"];
  const set = () =>
    propose({
      title: `Set the timeout of route ${route}`,
      change: { edits: [{ op: "set", path: at, value: text }] },
      reason: `${route} must not wait longer than ${text}`,
    });
  const remove = () =>
    propose({
      title: `Remove the timeout of route ${route}`,
      change: { edits: [{ op: "remove", path: at }] },
      reason: `${route} may take its time`,
    });
  return (
    <form
      class="graph-action"
      onSubmit={event => {
        event.preventDefault();
        if (isDuration) set();
      }}>
      <label>
        Timeout{own !== null && ` (now ${milliseconds(own)})`}
        <input
          value={text}
          size={6}
          aria-invalid={!isDuration}
          onInput={event => setText(event.currentTarget.value.trim())}
        />
      </label>
      <Button type="submit" disabled={!isDuration} {...onlyOperators()}>
        Set timeout …
      </Button>
      {own !== null && (
        <Button onClick={remove} {...onlyOperators()}>
          Remove timeout …
        </Button>
      )}
      {!isDuration && <span class="graph-hint">A duration is written like 500ms, 1s or 2m.</span>}
    </form>
  );
}

function Suspension({ node, what, path }: { node: ShownNode; what: string; path: Path }) {
  const { health, why } = node.verdict;
  const [reason, setReason] = useState<string | null>(null);
  const at: Path = [...path, "suspended"];
  const isSuspended = node.badges.some(badge => badge.kind === "suspended");
  if (isSuspended) {
    const resume = () =>
      propose({
        title: `Resume ${what}`,
        change: { edits: [{ op: "remove", path: at }] },
        reason: `${what} is well again`,
      });
    return (
      <div class="graph-action">
        <Button look="primary" onClick={resume} {...onlyOperators()}>
          Resume …
        </Button>
      </div>
    );
  }
  const proposed = health === "bad" && why ? `it is not well: ${why}` : "maintenance";
  const words = reason ?? proposed;
  return (
    <form
      class="graph-action"
      onSubmit={event => {
        event.preventDefault();
        propose({
          title: `Suspend ${what}`,
          change: { edits: [{ op: "set", path: at, value: words.trim() }] },
          reason: words.trim(),
        });
      }}>
      <label class="wide">
        Reason, which the answer 503 will say
        <input
          value={words}
          maxLength={200}
          required
          onInput={event => setReason(event.currentTarget.value)}
        />
      </label>
      <Button type="submit" look="danger" disabled={words.trim() === ""} {...onlyOperators()}>
        Suspend …
      </Button>
    </form>
  );
}
