/** One request: what happened in words, then where its time went, then everything that is known. */
import type { RequestSummary } from "../api/types";
import { requests, trace, whole, type Trace as Spans, type Whole } from "../api/traces";
import { here, href } from "../location";
import type { PageProps } from "../pages";
import { ago, clock, microseconds } from "../ui/format";
import { useLoad } from "../ui/load";
import { useNow } from "../ui/now";
import { Empty, Loading, Page, Panel, Problem } from "../ui/parts";
import { said, Status } from "../ui/outcome";
import { keyed } from "./traces/query";
import { Words } from "../ui/words";
import { Refused } from "../api/client";
import { Actions } from "./trace/actions";
import { Facts } from "./trace/facts";
import { Heads } from "./trace/heads";
import { Story } from "./trace/story";
import { Waterfall } from "./trace/waterfall";
import "../ui/requests.css";
import "./trace.css";

/** Spans of services come some seconds after the request has ended. */
const FRESH_MS = 20_000;
const AGAIN_MS = 3_000;
/** How often `3 s ago` is counted anew. */
const AGES_MS = 5_000;

interface Known {
  trace: Spans;
  /** `null` if the gateway kept no request of it. */
  whole: Whole | null;
  /** All requests of the trace that the gateway kept, the oldest first. */
  related: RequestSummary[];
}

export function Trace({ args }: PageProps) {
  const [id = ""] = args;
  const isFresh = Date.now() - freshest(id) < FRESH_MS;
  const { data, error, again } = useLoad(id, () => read(id), isFresh ? AGAIN_MS : undefined);
  if (data) remember(id, data.trace.at_ms + data.trace.took_us / 1000);
  const title = data?.whole ? headline(data.whole.summary) : `Trace ${id}`;
  return (
    <Page
      title={title}
      lead={data && <Lead known={data} />}
      tools={data?.whole && <Actions whole={data.whole} />}>
      {error !== null && !data && <Missing error={error} again={again} />}
      {!data && error === null && <Loading what="Looking for the request" />}
      {data && <Told known={data} />}
    </Page>
  );
}

function Told({ known: { trace, whole, related } }: { known: Known }) {
  return (
    <>
      {whole && <Story whole={whole} trace={trace} />}
      <Panel title="Where the time went">
        {trace.notes.length > 0 && (
          <ul class="trace-notes">
            {trace.notes.map(note => (
              <li key={note}>
                <Words text={note} />
              </li>
            ))}
          </ul>
        )}
        <Waterfall
          key={trace.trace_id}
          trace={trace}
          whole={whole}
          related={related}
          chosen={here.value.query.get("row")}
        />
      </Panel>
      {whole && <Facts whole={whole} related={related} />}
      {whole && <Heads whole={whole} />}
    </>
  );
}

function Lead({ known: { trace, whole } }: { known: Known }) {
  const now = useNow(AGES_MS);
  if (!whole) return <>Only spans that services reported are known of this trace.</>;
  const { summary } = whole;
  const words = said(summary);
  return (
    <span class="trace-lead">
      <Status status={summary.status} />
      {words && <span>{words}</span>}
      <span>{microseconds(summary.took_us)}</span>
      <span title={clock(summary.at_ms)}>{ago(summary.at_ms, now)}</span>
      {summary.route && (
        <a href={href("/traces", { q: keyed("route", summary.route) })}>route {summary.route}</a>
      )}
      <span class="unseen">trace {trace.trace_id}</span>
    </span>
  );
}

function Missing({ error, again }: { error: unknown; again: () => void }) {
  if (!(error instanceof Refused) || error.status !== 404) {
    return <Problem error={error} retry={again} />;
  }
  return (
    <Empty title="This request is not kept any more">
      <p>
        <Words text={error.message} />. The gateway keeps the most interesting requests of the last
        minutes in memory; older ones make room for newer.
      </p>
      <a class="button" href="#/traces">
        Show those that are kept
      </a>
    </Empty>
  );
}

/** `id` is the number of a request, or a trace's. */
async function read(id: string): Promise<Known> {
  if (!/^[0-9a-f]{32}$/i.test(id)) {
    const [record, spans] = await Promise.all([whole(id), trace(id)]);
    return { trace: spans, whole: record, related: await ofTrace(spans.trace_id) };
  }
  const [spans, related] = await Promise.all([trace(id), ofTrace(id)]);
  // The one that came first is the one that the client sent.
  const first = related[0];
  return { trace: spans, whole: first ? await whole(first.seq) : null, related };
}

async function ofTrace(id: string): Promise<RequestSummary[]> {
  const { requests: found } = await requests({ q: `id:${id}`, sort: "time", limit: 200 });
  return found.sort((one, other) => one.at_ms - other.at_ms || other.took_us - one.took_us);
}

function headline({ method, target }: RequestSummary): string {
  return `${method} ${target}`;
}

/** When traces ended, so that a fresh one is read again while spans still come. */
const ended = new Map<string, number>();

function freshest(id: string): number {
  return ended.get(id) ?? 0;
}

function remember(id: string, at: number): void {
  ended.clear();
  ended.set(id, at);
}
