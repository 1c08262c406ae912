/** What is known about one row of the waterfall. */
import type { ComponentChildren } from "preact";

import type { Attempt, Filter, Trace } from "../../api/traces";
import type { RequestSummary } from "../../api/types";
import { here, href, part } from "../../location";
import { microseconds } from "../../ui/format";
import { Button } from "../../ui/parts";
import type { Row } from "./rows";
import { attribute, isExchange, peer } from "./spans";

interface Props {
  row: Row;
  trace: Trace;
  related: RequestSummary[];
  zoom: () => void;
}

export function Details({ row, trace, related, zoom }: Props) {
  const { span } = row;
  const own = span && isExchange(span) ? requestOf(row, trace, related) : null;
  const service = span ? peer(span) : null;
  return (
    <div class="details">
      <dl class="request-facts">
        <Item name="Began">{microseconds(row.at_us)} after the trace began</Item>
        <Item name="Took">
          {microseconds(row.took_us)}
          {row.what && !span && `: ${row.what}`}
        </Item>
        {span && span.critical_us > 0 && (
          <Item name="Of the duration">
            {microseconds(span.critical_us)} lie in it and in none of its children
          </Item>
        )}
        {row.gaps.map(([from, to]) => (
          <Item key={from} name="Nobody tells">
            {microseconds(to - from)} from {microseconds(from)} on: no span says what went on
          </Item>
        ))}
        {span?.message && <Item name="Message">{span.message}</Item>}
        {span?.outside_parent && (
          <Item name="Clock">
            It begins before its parent or ends after it: clocks differ, or the work went on alone.
          </Item>
        )}
        {span?.parent_missing && (
          <Item name="Parent">
            <code>{span.parent_id}</code> was not reported here
          </Item>
        )}
        {row.attempt && <OfAttempt attempt={row.attempt} />}
        {row.filter && <OfFilter filter={row.filter} />}
      </dl>
      <p class="tools">
        <Button onClick={zoom}>Zoom to it</Button>
        {own && (
          <a class="button" href={`#/traces/${own.seq}`}>
            Open this request
          </a>
        )}
        {service && (
          <a class="button" href={`#/services/${part(service)}`}>
            Service {service}
          </a>
        )}
        {row.filter?.is_plugin && (
          <a
            class="button"
            href={href(`/plugins/${part(row.filter.name)}`, { try: here.value.parts[1] })}>
            Try {row.filter.name} on it
          </a>
        )}
      </p>
      {row.filter && row.filter.calls.length > 0 && <Calls filter={row.filter} />}
      {span && span.attributes.length > 0 && (
        <table class="name-table">
          <caption>Attributes</caption>
          <tbody>
            {span.attributes.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{String(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const OUTCOMES: Record<Attempt["outcome"], string> = {
  answered: "answered",
  cancelled: "broken off",
  protocol: "answered with something that is not HTTP",
  refused: "no connection",
  reset: "closed the connection",
  stale: "the kept connection had been closed; nothing was lost",
  timed_out: "did not answer in time",
};

function OfAttempt({ attempt }: { attempt: Attempt }) {
  const { endpoint, reused, outcome, status, cause } = attempt;
  return (
    <>
      <Item name="Endpoint">
        {endpoint}, {reused ? "over a kept connection" : "over a new connection"}
      </Item>
      <Item name="Outcome">
        {OUTCOMES[outcome]} {status}
        {cause && `: ${cause}`}
      </Item>
    </>
  );
}

function OfFilter({ filter }: { filter: Filter }) {
  return (
    <>
      <Item name="Worked">
        {microseconds(filter.took_us)} in {filter.callbacks} callbacks
        {filter.is_canary && ", as the canary"}
      </Item>
      {filter.on_request_us !== null && (
        <Item name="Request's head">at {microseconds(filter.on_request_us)}</Item>
      )}
      {filter.on_response_us !== null && (
        <Item name="Response's head">at {microseconds(filter.on_response_us)}</Item>
      )}
      {filter.waited_us > 0 && (
        <Item name="Waited">{microseconds(filter.waited_us)} for calls of its own</Item>
      )}
      {filter.failed && <Item name="Failed">{filter.failed}</Item>}
    </>
  );
}

function Calls({ filter }: { filter: Filter }) {
  return (
    <table class="name-table">
      <caption>Its calls</caption>
      <thead>
        <tr>
          <th>To</th>
          <th>Kind</th>
          <th>At</th>
          <th>Took</th>
          <th>Status</th>
        </tr>
      </thead>
      <tbody>
        {filter.calls.map((call, at) => (
          <tr key={at}>
            <td>{call.target}</td>
            <td>{call.kind}</td>
            <td>{microseconds(call.at_us)}</td>
            <td>{microseconds(call.took_us)}</td>
            <td>{call.status ?? "none"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Which kept request a span of the gateway is, unless it is the one that is open. */
function requestOf(row: Row, trace: Trace, related: RequestSummary[]): RequestSummary | null {
  const { span } = row;
  if (!span) return null;
  const path = attribute(span, "url.path");
  const at = trace.at_ms + row.at_us / 1000;
  const same = related.filter(
    request =>
      request.target.split("?")[0] === path &&
      Math.abs(request.took_us - row.took_us) <= 1 &&
      Math.abs(request.at_ms - at) <= 2,
  );
  const found = same[0];
  return found && String(found.seq) !== here.value.parts[1] ? found : null;
}

function Item({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
