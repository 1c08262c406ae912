/** What else is known: names, numbers, ids, and the other requests of the trace. */
import type { ComponentChildren } from "preact";

import type { Whole } from "../../api/traces";
import type { RequestSummary } from "../../api/types";
import { href, part } from "../../location";
import { bytes, clock, microseconds } from "../../ui/format";
import { Status } from "../../ui/outcome";
import { keyed } from "../traces/query";
import { Copy, Panel } from "../../ui/parts";

export function Facts({ whole, related }: { whole: Whole; related: RequestSummary[] }) {
  const { summary, client, response, request } = whole;
  const { listener, route, service, endpoint, request_id, trace_id, seq } = summary;
  const others = related.filter(request => request.seq !== seq);
  return (
    <div class="two-columns">
      <Panel title="The request">
        <dl class="request-facts">
          <Fact name="At">
            {clock(summary.at_ms)} <span class="faint">{whole.at}</span>
          </Fact>
          <Fact name="Host">{summary.host}</Fact>
          <Fact name="Listener">{listener ?? "none"}</Fact>
          <Fact name="Route">
            {route ? <a href={`#/routes/${part(route)}`}>{route}</a> : "none"}
            {whole.rule && <span class="faint"> rule {whole.rule}</span>}
          </Fact>
          <Fact name="Service">
            {service ? <a href={`#/services/${part(service)}`}>{service}</a> : "none"}
          </Fact>
          <Fact name="Endpoint">
            {endpoint ?? "none"}
            {summary.attempts > 1 && ` (the last of ${summary.attempts} attempts)`}
          </Fact>
          <Fact name="Generation">
            <a href={`#/configuration/${whole.generation}`}>{whole.generation}</a>
          </Fact>
          <Fact name="Request id">
            <code>{request_id}</code> <Copy text={request_id} />
          </Fact>
          <Fact name="Trace id">
            <code>{trace_id}</code> <Copy text={trace_id} />
          </Fact>
          <Fact name="Client">
            {client.address}, request {client.earlier_requests + 1} on its connection
          </Fact>
          {client.tls && (
            <Fact name="TLS">
              {[client.tls.version, client.tls.cipher, client.tls.alpn, client.tls.server_name]
                .filter(Boolean)
                .join(", ")}
              {client.tls.peer && `; client certificate of ${client.tls.peer}`}
            </Fact>
          )}
          <Fact name="Sizes">
            {bytes(request.body_bytes)} in, {bytes(response.body_bytes)} out
            {!response.complete && ", not complete"}
          </Fact>
          <Fact name="In Envoy's words">
            <code>{[response.details, ...response.flags].filter(Boolean).join(" ") || "–"}</code>
          </Fact>
        </dl>
      </Panel>
      <Panel title="The same trace and route">
        {others.length === 0 ? (
          <p class="faint">This is the only request of its trace that the gateway kept.</p>
        ) : (
          <table>
            <thead>
              <tr>
                <th>Request</th>
                <th>Status</th>
                <th class="number">Duration</th>
              </tr>
            </thead>
            <tbody>
              {others.map(other => (
                <tr key={other.seq}>
                  <td>
                    <a href={`#/traces/${other.seq}`}>
                      {other.method} {other.target}
                    </a>
                  </td>
                  <td>
                    <Status status={other.status} />
                  </td>
                  <td class="number">{microseconds(other.took_us)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <ul class="more-links">
          {route && (
            <li>
              <a href={href("/traces", { q: keyed("route", route) })}>Requests of route {route}</a>
            </li>
          )}
          {service && (
            <li>
              <a href={href("/traces", { q: keyed("service", service) })}>
                Requests of service {service}
              </a>
            </li>
          )}
          <li>
            <a href="#/doctor">Is the trace complete? Check propagation</a>
          </li>
        </ul>
      </Panel>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
