/** The requests that the gateway keeps: searched, sorted by interest, one click from their story. */
import { useEffect, useRef, useState } from "preact/hooks";

import type { RequestPage, RequestSummary } from "../api/types";
import { Refused } from "../api/client";
import { harAddress, requests, type Sort } from "../api/traces";
import { go, href } from "../location";
import type { PageProps } from "../pages";
import { count, plural } from "../ui/format";
import { useLoad } from "../ui/load";
import { NoTraffic } from "../ui/no-traffic";
import { Button, HealthMark, Loading, Page, Panel, Problem } from "../ui/parts";
import { Words } from "../ui/words";
import { NoMatch } from "./traces/empty";
import { News } from "./traces/news";
import { Scatter } from "./traces/scatter";
import { SearchBox } from "./traces/search-box";
import { RequestTable } from "./traces/table";
import "../ui/requests.css";
import "./traces.css";

const LIMIT = 50;
/** Points of the scatter; more than one can tell apart. */
const POINTS = 500;
const SORTS: [Sort, string][] = [
  ["interest", "Most interesting"],
  ["time", "Newest"],
  ["duration", "Slowest"],
];

export function Traces({ query }: PageProps) {
  const q = query.get("q") ?? "";
  const sort = (SORTS.find(([sort]) => sort === query.get("sort")) ?? SORTS[0]!)[0];
  const move = (next: { q?: string; sort?: Sort }) => {
    const now = { q, sort, ...next };
    const shown = now.sort === "interest" ? undefined : now.sort;
    go(href("/traces", { q: now.q, sort: shown }), "replace");
  };
  return (
    <Page
      title="Traces"
      lead="Requests of the last minutes: failures, then slow ones, then samples of the rest."
      tools={
        <>
          <a class="button" href="#/doctor">
            Check trace propagation
          </a>
          <a class="button" href={harAddress(q)} download="portico.har">
            Download HAR
          </a>
        </>
      }>
      <SearchBox q={q} change={next => move({ q: next })} />
      <Found q={q} sort={sort} move={move} />
    </Page>
  );
}

interface FoundProps {
  q: string;
  sort: Sort;
  move: (next: { q?: string; sort?: Sort }) => void;
}

function Found({ q, sort, move }: FoundProps) {
  const key = `${sort}\n${q}`;
  const { data, error, again } = useLoad(key, () => requests({ q, sort, limit: LIMIT }));
  const points = useLoad(`points\n${q}`, () => requests({ q, sort: "time", limit: POINTS }));
  // While somebody types, what was found before stays, so that nothing jumps.
  const last = useRef<RequestPage | null>(null);
  if (data) last.current = data;
  const shown = data ?? last.current;
  const refresh = () => {
    again();
    points.again();
  };
  const isWrong = error instanceof Refused && error.status === 400;
  if (isWrong && !shown) return <NotUnderstood error={error} />;
  if (error !== null && !shown) return <Problem error={error} retry={again} />;
  if (!shown) return <Loading what="Looking for requests" />;
  return (
    <>
      {isWrong && <NotUnderstood error={error} />}
      {error !== null && !isWrong && <Problem error={error} />}
      {shown.searched === 0 ? (
        <>
          {shown.note && <p class="faint">{shown.note}</p>}
          <NoTraffic />
        </>
      ) : shown.matches === 0 ? (
        <NoMatch q={q} searched={shown.searched} change={next => move({ q: next })} />
      ) : (
        <div class={`found ${error !== null || !data ? "fading" : ""}`}>
          <Scatter requests={points.data?.requests ?? shown.requests} />
          <List first={shown} listed={key} q={q} sort={sort} move={move} refresh={refresh} />
        </div>
      )}
      {shown.matches === 0 && <News q={q} page={shown} take={refresh} isQuiet />}
    </>
  );
}

/** Somebody is still typing, or mistaken: the gateway says what it does not understand. */
function NotUnderstood({ error }: { error: Refused }) {
  return (
    <p class="not-understood" role="status">
      <HealthMark health="warn" /> <Words text={error.message.replace(/^`q`: /, "")} />
    </p>
  );
}

interface ListProps extends FoundProps {
  first: RequestPage;
  /** What `first` was searched for. */
  listed: string;
  refresh: () => void;
}

function List({ first, listed, q, sort, move, refresh }: ListProps) {
  const [more, keep] = useState<RequestPage[]>([]);
  const [chosen, choose] = useState<RequestSummary[]>([]);
  const [error, fail] = useState<unknown>(null);
  useEffect(() => keep([]), [first, listed]);
  const next = (more.at(-1) ?? first).next;
  const all = [first, ...more].flatMap(page => page.requests);
  const unique = [...new Map(all.map(request => [request.seq, request])).values()];
  const load = async () => {
    if (!next) return;
    try {
      const page = await requests({ q, sort, limit: LIMIT, after: next });
      keep(pages => [...pages, page]);
    } catch (error) {
      fail(error);
    }
  };
  return (
    <Panel
      title={`${plural(first.matches, "request")} of ${count(first.searched)} kept`}
      tools={
        <>
          <News q={q} page={first} take={refresh} />
          <Compare chosen={chosen} clear={() => choose([])} />
          <label class="sort">
            Sort{" "}
            <select
              value={sort}
              onChange={event => move({ sort: event.currentTarget.value as Sort })}>
              {SORTS.map(([sort, label]) => (
                <option key={sort} value={sort}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </>
      }>
      {first.note && <p class="faint">{first.note}</p>}
      <RequestTable requests={unique} chosen={chosen} choose={choose} />
      {error !== null && <Problem error={error} />}
      {next && (
        <p class="more">
          <Button onClick={() => void load()}>Show {LIMIT} more</Button>{" "}
          <span class="faint">
            {unique.length} of {count(first.matches)}
          </span>
        </p>
      )}
    </Panel>
  );
}

/** Two requests are compared; the one chosen first is the one to measure by. */
function Compare({ chosen, clear }: { chosen: RequestSummary[]; clear: () => void }) {
  const [a, b] = chosen;
  if (!a) return null;
  return (
    <>
      {b ? (
        <a
          class="button primary"
          href={href("/traces/compare", { a: String(a.seq), b: String(b.seq) })}>
          Compare the two
        </a>
      ) : (
        <span class="faint">Choose one more to compare</span>
      )}
      <Button look="quiet" onClick={clear}>
        Clear
      </Button>
    </>
  );
}
