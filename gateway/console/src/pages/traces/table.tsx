/** Requests as a table. The whole row leads to the trace; the arrow keys go from row to row. */
import type { RequestSummary } from "../../api/types";
import { href, part } from "../../location";
import { ago, clock, microseconds } from "../../ui/format";
import { useNow } from "../../ui/now";
import { shownInterest } from "../../ui/interest";
import { interestWords, said, Status } from "../../ui/outcome";
import { Tag, type Health } from "../../ui/parts";

/** How often `3 s ago` is counted anew. */
const AGES_MS = 5_000;

interface Props {
  requests: RequestSummary[];
  chosen: RequestSummary[];
  choose: (chosen: RequestSummary[]) => void;
}

export function RequestTable({ requests, chosen, choose }: Props) {
  const now = useNow(AGES_MS);
  const slowest = requests.reduce((most, { took_us }) => Math.max(most, took_us), 1);
  const pick = (request: RequestSummary, isChosen: boolean) => {
    const rest = chosen.filter(({ seq }) => seq !== request.seq);
    choose(isChosen ? [...rest.slice(-1), request] : rest);
  };
  return (
    <div class="scrolls">
      <table class="requests" onKeyDown={walk}>
        <thead>
          <tr>
            <th>
              <span class="unseen">Compare</span>
            </th>
            <th>When</th>
            <th>Request</th>
            <th>Status</th>
            <th>Duration</th>
            <th class="wide-only">Route</th>
            <th class="wide-only">Service</th>
            <th class="wide-only">Why it is here</th>
          </tr>
        </thead>
        <tbody>
          {requests.map(request => (
            <Row
              key={request.seq}
              request={request}
              slowest={slowest}
              now={now}
              isChosen={chosen.some(({ seq }) => seq === request.seq)}
              pick={pick}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  request: RequestSummary;
  slowest: number;
  now: number;
  isChosen: boolean;
  pick: (request: RequestSummary, isChosen: boolean) => void;
}

function Row({ request, slowest, now, isChosen, pick }: RowProps) {
  const { seq, method, target, host, route, service, at_ms, took_us, status } = request;
  const words = said(request);
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <td class="pick">
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={`Compare ${method} ${target}`}
          onChange={event => pick(request, event.currentTarget.checked)}
        />
      </td>
      <td class="when" title={clock(at_ms)}>
        {ago(at_ms, now)}
      </td>
      <td class="request">
        <a class="whole-row" href={href(`/traces/${seq}`)} title={`${host}${target}`}>
          <span class="method">{method}</span> {target}
        </a>
        <span class="narrow-only faint">
          {words ?? ([route, service].filter(Boolean).join(" → ") || host)}
        </span>
      </td>
      <td class="status">
        <Status status={status} />
        {words && <span class="said faint">{words}</span>}
      </td>
      <td class="duration">
        <span class="number">{microseconds(took_us)}</span>
        <span class="duration-bar" aria-hidden="true">
          <span style={{ width: `${(100 * took_us) / slowest}%` }} />
        </span>
      </td>
      <td class="wide-only">{route ? <a href={`#/routes/${part(route)}`}>{route}</a> : "–"}</td>
      <td class="wide-only">
        {service ? <a href={`#/services/${part(service)}`}>{service}</a> : "–"}
      </td>
      <td class="wide-only">
        <Interest request={request} />
      </td>
    </tr>
  );
}

const LOOKS: Record<RequestSummary["interest"], Health | "plain"> = {
  failed: "bad",
  plugin: "off",
  slow: "warn",
  sample: "plain",
};

function Interest({ request }: { request: RequestSummary }) {
  if (request.interest === "sample") return <span class="faint">ordinary</span>;
  return <Tag look={LOOKS[shownInterest(request)]}>{interestWords(request)}</Tag>;
}

function walk(event: KeyboardEvent & { currentTarget: HTMLTableElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target instanceof HTMLAnchorElement)) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>("a.whole-row")];
  const next = links[links.indexOf(event.target) + step];
  if (!next || !links.includes(event.target)) return;
  event.preventDefault();
  next.focus();
}
