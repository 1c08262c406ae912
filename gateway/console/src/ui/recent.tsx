/** The kept requests of one thing, the most interesting first; each leads to its trace. */
import type { ComponentChildren } from "preact";

import { requests } from "../api/traces";
import type { RequestSummary } from "../api/types";
import { href } from "../location";
import { clock, microseconds, plural } from "./format";
import { useLoad } from "./load";
import { said, Status } from "./outcome";
import { Loading, Panel, Problem } from "./parts";
import "./recent.css";

const MOST = 8;
const EVERY_MS = 3_000;

/** `q`: in the language of the traces page, `service:staff`. */
export function Recent({ q, none }: { q: string; none: ComponentChildren }) {
  const { data, error, again } = useLoad(
    `recent ${q}`,
    () => requests({ q, sort: "interest", limit: MOST }),
    EVERY_MS,
  );
  const tools = data && data.matches > 0 && (
    <a href={href("/traces", { q })}>All {plural(data.matches, "kept request")}</a>
  );
  return (
    <Panel title="Recent traces, the most interesting first" tools={tools}>
      {data ? (
        <Table list={data.requests} none={none} />
      ) : error === null ? (
        <Loading what="Looking for requests" />
      ) : (
        <Problem error={error} retry={again} />
      )}
    </Panel>
  );
}

function Table({ list, none }: { list: RequestSummary[]; none: ComponentChildren }) {
  if (list.length === 0) return <p class="lead">{none}</p>;
  return (
    <table class="recent">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Request</th>
          <th scope="col">Status</th>
          <th scope="col" class="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map(request => (
          <tr key={request.seq}>
            <td>{clock(request.at_ms)}</td>
            <td class="recent-target">
              <a href={href(`/traces/${request.seq}`)}>
                {request.method} {request.target}
              </a>
            </td>
            <td>
              <Status status={request.status} /> <span class="lead">{said(request)}</span>
            </td>
            <td class="number">{microseconds(request.took_us)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
