/** Two traces side by side, and in words what made the second slower. */
import type { RequestSummary } from "../api/types";
import { compare, requests, type Comparison, type Pair } from "../api/traces";
import { href } from "../location";
import type { PageProps } from "../pages";
import { ago, microseconds } from "../ui/format";
import { useLoad } from "../ui/load";
import { Empty, HealthMark, Loading, Page, Panel, Problem } from "../ui/parts";
import { said, Status } from "../ui/outcome";
import { Words } from "../ui/words";
import { inWords, largest, pairOwner, pairTitle } from "./compare/differences";
import "../ui/requests.css";
import "./compare.css";

export function Compare({ query }: PageProps) {
  const a = query.get("a") ?? "";
  const b = query.get("b") ?? "";
  return (
    <Page
      title="Compare two traces"
      lead="Spans that are the same in both stand in one row."
      tools={
        <>
          <a class="button" href={href("/traces/compare", { a: b, b: a })}>
            Swap
          </a>
          <a class="button" href="#/traces">
            Choose others
          </a>
        </>
      }>
      {a && b ? <Compared a={a} b={b} /> : <Choose />}
    </Page>
  );
}

function Choose() {
  return (
    <Empty title="Two traces are needed">
      <p>Tick two requests in the list, or open a slow one and compare it with an ordinary one.</p>
      <a class="button primary" href="#/traces">
        Choose two
      </a>
    </Empty>
  );
}

interface Known {
  comparison: Comparison;
  first: RequestSummary | null;
  second: RequestSummary | null;
}

function Compared({ a, b }: { a: string; b: string }) {
  const { data, error, again } = useLoad(`${a}\n${b}`, () => read(a, b));
  if (error !== null && !data) return <Problem error={error} retry={again} />;
  if (!data) return <Loading what="Comparing" />;
  const { comparison, first, second } = data;
  return (
    <>
      <Panel class="difference" title="What makes the difference">
        {inWords(comparison).map(sentence => (
          <p key={sentence}>
            <Words text={sentence} />
          </p>
        ))}
      </Panel>
      <div class="two-columns">
        <Side name="First" id={a} summary={first} took_us={comparison.a.took_us} />
        <Side name="Second" id={b} summary={second} took_us={comparison.b.took_us} />
      </div>
      <Panel title="Span by span">
        <Pairs comparison={comparison} />
      </Panel>
    </>
  );
}

interface SideProps {
  name: string;
  id: string;
  summary: RequestSummary | null;
  took_us: number;
}

function Side({ name, id, summary, took_us }: SideProps) {
  return (
    <Panel title={name}>
      <p>
        <a class="compared" href={`#/traces/${id}`}>
          {summary ? `${summary.method} ${summary.target}` : `Trace ${id}`}
        </a>
      </p>
      <p class="trace-lead">
        {summary && <Status status={summary.status} />}
        {summary && said(summary) && <span>{said(summary)}</span>}
        <span>{microseconds(took_us)}</span>
        {summary && <span>{ago(summary.at_ms)}</span>}
        {summary?.route && <span>route {summary.route}</span>}
      </p>
    </Panel>
  );
}

function Pairs({ comparison }: { comparison: Comparison }) {
  const { spans, delta_us } = comparison;
  const cause = largest(spans, Math.sign(delta_us));
  const longest = Math.max(1, comparison.a.took_us, comparison.b.took_us);
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Spans of both traces">
      <table class="pairs">
        <thead>
          <tr>
            <th>Span</th>
            <th class="number">First</th>
            <th class="number">Second</th>
            <th class="number">Difference</th>
            <th class="number" title="What its children do not account for">
              Of its own
            </th>
          </tr>
        </thead>
        <tbody>
          {spans.map((pair, at) => (
            <Row
              key={at}
              pair={pair}
              comparison={comparison}
              longest={longest}
              isCause={pair === cause}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  pair: Pair;
  comparison: Comparison;
  longest: number;
  isCause: boolean;
}

function Row({ pair, comparison, longest, isCause }: RowProps) {
  const owner = pairOwner(pair);
  return (
    <tr class={isCause ? "is-cause" : ""}>
      <td style={{ paddingLeft: `${8 + pair.depth * 14}px` }}>
        {isCause && <HealthMark health="warn" label="Cause: " />} {pairTitle(pair, comparison)}{" "}
        {owner !== "gateway" && <span class="faint">{owner}</span>}
      </td>
      <Took side={pair.first} longest={longest} />
      <Took side={pair.second} longest={longest} />
      <td class="number">{signed(pair.delta_us)}</td>
      <td class="number">{signed(pair.own_delta_us)}</td>
    </tr>
  );
}

function Took({ side, longest }: { side: Pair["first"]; longest: number }) {
  if (!side) return <td class="number faint">not there</td>;
  return (
    <td class="number took">
      {side.failed && <HealthMark health="bad" />} {microseconds(side.took_us)}
      <span class="duration-bar" aria-hidden="true">
        <span style={{ width: `${(100 * side.took_us) / longest}%` }} />
      </span>
    </td>
  );
}

function signed(us: number | null): string {
  if (us === null) return "–";
  if (us === 0) return "0";
  return `${us > 0 ? "+" : "−"}${microseconds(Math.abs(us))}`;
}

async function read(a: string, b: string): Promise<Known> {
  const comparison = await compare(a, b);
  const [first, second] = await Promise.all([
    summary(a, comparison.a.trace_id),
    summary(b, comparison.b.trace_id),
  ]);
  return { comparison, first, second };
}

/** The request that somebody chose, or the first of the trace. */
async function summary(id: string, traceId: string): Promise<RequestSummary | null> {
  const { requests: found } = await requests({ q: `id:${traceId}`, sort: "time", limit: 100 });
  return found.find(({ seq }) => String(seq) === id) ?? found.at(-1) ?? null;
}
