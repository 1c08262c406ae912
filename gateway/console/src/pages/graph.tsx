/** The live graph of who calls whom, and of any moment of the last minutes. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { graph, isStale } from "../api/stream";
import type { Graph } from "../api/types";
import { Bar } from "../graph/bar";
import { choose, read, type Choose } from "../graph/choice";
import { endpointsByDefault, MANY_LINKS, show, unfolded } from "../graph/elements";
import { parse } from "../graph/find";
import { arrange, keep, type Layout, moved, NOWHERE } from "../graph/layout";
import { NoTraffic } from "../graph/no-traffic";
import { Side } from "../graph/panel";
import { Stage } from "../graph/stage";
import { Tables } from "../graph/table";
import { Timeline, useReplay } from "../graph/timeline";
import { type Busy, filled, follow } from "../graph/waiting";
import type { PageProps } from "../pages";
import { Loading, Page } from "../ui/parts";
import "./graph.css";

/** Narrower than this, a graph is a keyhole and a table is not. */
const NARROW = "(max-width: 599px)";

/** How often a big graph is drawn: nobody reads 2,000 links four times a second. */
const CALM_MS = 1_000;

export function GraphPage({ query }: PageProps) {
  const { live, busy } = useGraph();
  return (
    <Page title="Graph">
      {live ? (
        <LiveGraph live={live} busy={busy} query={query} />
      ) : (
        <Loading what="Waiting for the first numbers" />
      )}
    </Page>
  );
}

interface Props {
  live: Graph;
  busy: Busy;
  query: URLSearchParams;
}

function LiveGraph({ live, busy, query }: Props) {
  const chosen = read(query);
  const now = useRef(chosen);
  now.current = chosen;
  const change: Choose = changes => choose(now.current, changes);
  const replay = useReplay(live, chosen.at, at => change({ at }));
  const seen = replay.at === null ? live : (replay.graph ?? live);
  const endpoints = chosen.endpoints ?? endpointsByDefault(live);
  const isTable = useNarrow() ? chosen.view !== "graph" : chosen.view === "table";

  const [find, hide] = [useMemo(() => parse(chosen.find), [chosen.find]), parse(chosen.hide)];
  const shown = useMemo(
    () => show(seen, { endpoints, label: chosen.label, find, hide }, busy),
    [seen, endpoints, chosen.label, find, chosen.hide],
  );
  const { layout, set } = useLayout(seen, endpoints);
  const select = (selected: string | null) => change({ selected });
  useEscape(() => now.current.selected && select(null));

  const hadTraffic = live.nodes.some(node => node.stats.last_seen !== null || node.in_flight > 0);
  const isLive = replay.at === null;
  if (live.nodes.length === 0) return <NoTraffic />;
  const drawn = isTable ? (
    <Tables shown={shown} selected={chosen.selected} choose={select} />
  ) : (
    <Stage
      {...{ shown, layout }}
      selected={chosen.selected}
      choose={select}
      dropped={(id, place) => set(moved(layout, id, place))}
      arrange={() => {
        const { nodes, links } = unfolded(seen, endpoints);
        set(arrange(nodes, links));
      }}
      simple={shown.links.length > MANY_LINKS}
      flying={chosen.particles && isLive && !isStale.value}
    />
  );
  return (
    <>
      {!hadTraffic && <NoTraffic />}
      <Bar {...{ chosen, shown, endpoints, isTable }} choose={change} />
      <div class={`graph-frame ${isStale.value ? "is-stale" : ""}`}>
        <div class="graph-main">
          {drawn}
          <Timeline live={live} replay={replay} />
          {live.note && <p class="graph-hint">{live.note}</p>}
        </div>
        <Side
          {...{ shown, isLive }}
          graph={seen}
          selected={chosen.selected}
          close={() => select(null)}
          choose={select}
        />
      </div>
    </>
  );
}

/** The stream's graph; a big one not as often as it comes. */
function useGraph(): { live: Graph | null; busy: Busy } {
  const [now, set] = useState<{ live: Graph | null; busy: Busy }>({ live: null, busy: new Map() });
  useEffect(() => {
    let drawn = 0;
    let timer = 0;
    const draw = () => {
      drawn = performance.now();
      const next = graph.peek();
      const live = next && filled(next);
      set(({ busy }) => ({ live, busy: live ? follow(busy, live) : busy }));
    };
    const stop = graph.subscribe(next => {
      window.clearTimeout(timer);
      const wait = next && next.links.length > MANY_LINKS ? drawn + CALM_MS - performance.now() : 0;
      if (wait > 0) timer = window.setTimeout(draw, wait);
      else draw();
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, []);
  return now;
}

/** Places stay as long as the page is open; folding endpoints makes a new order. */
function useLayout(seen: Graph, endpoints: boolean) {
  const [, redraw] = useState(0);
  const kept = useRef<{ layout: Layout; endpoints: boolean }>({ layout: NOWHERE, endpoints });
  if (kept.current.endpoints !== endpoints) kept.current = { layout: NOWHERE, endpoints };
  const { nodes, links } = unfolded(seen, endpoints);
  kept.current.layout = keep(kept.current.layout, nodes, links);
  const set = (layout: Layout) => {
    kept.current = { layout, endpoints };
    redraw(turn => turn + 1);
  };
  return { layout: kept.current.layout, set };
}

function useNarrow(): boolean {
  const [isNarrow, set] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const media = window.matchMedia(NARROW);
    const changed = () => set(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, []);
  return isNarrow;
}

function useEscape(run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      const from = event.target as Element | null;
      if (event.key === "Escape" && !from?.closest("dialog, input")) latest.current();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, []);
}
