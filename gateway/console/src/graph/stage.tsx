/** The drawn graph: Cytoscape below, particles above it, and the texts of nodes on top. */
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Particle } from "../api/types";
import { go } from "../location";
import { microseconds } from "../ui/format";
import { Button, Loading, Problem } from "../ui/parts";
import { Cards } from "./cards";
import type { Drawing } from "./drawing";
import type { Shown } from "./elements";
import { fly, type Flight } from "./flight";
import type { Layout, Place } from "./layout";
import { atlas } from "./particles";
import type { View } from "./viewport";

interface Props {
  shown: Shown;
  layout: Layout;
  selected: string | null;
  choose: (id: string | null) => void;
  dropped: (id: string, place: Place) => void;
  /** Too much for curves, arrows and a label at every link. */
  simple: boolean;
  flying: boolean;
  arrange: () => void;
}

/** Below this, small print cannot be read, and names are written bigger instead. */
const COARSE = 0.55;

const MOST_GROWN = 1.12;

interface Tip {
  request: Particle;
  at: Place;
  /** On the clock of `performance.now()`. */
  since: number;
}

/** A click on a link must not hit a request that happens to fly by: who means it has seen its tip. */
const SEEN_MS = 150;

export function Stage(props: Props) {
  const { shown, layout, selected, simple, flying } = props;
  const root = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const flight = useRef<Flight | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let end = () => {};
    let isOver = false;
    const start = async () => {
      const { draw } = await import("./drawing");
      const box = root.current;
      if (isOver || !box) return;
      const own = draw(box.querySelector(".graph-lines") as HTMLElement, simple, {
        view: view => see(layer.current, view, flight.current),
        chosen: id => latest.current.choose(id),
        moved: (id, place) => follow(layer.current, id, place),
        dropped: (id, place) => latest.current.dropped(id, place),
      });
      const above = fly(box.querySelector("canvas.graph-particles") as HTMLCanvasElement, id =>
        own.lineOf(id),
      );
      flight.current = above;
      setDrawing(own);
      end = () => {
        above.end();
        own.end();
        flight.current = null;
        setDrawing(null);
      };
    };
    start().catch(setProblem);
    return () => {
      isOver = true;
      end();
    };
  }, [simple]);

  useEffect(() => drawing?.update(shown, layout), [drawing, shown, layout]);
  useEffect(() => drawing?.choose(selected), [drawing, selected]);
  useEffect(() => flight.current?.pause(!flying), [drawing, flying]);
  const structure = `${shown.nodes.map(node => node.id).join()} ${shown.links.length}`;
  useEffect(() => flight.current?.atlas(atlas(shown)), [drawing, structure]);
  const choose = useMemo(() => (id: string) => latest.current.choose(id), []);

  return (
    <div class="graph-stage" ref={root} role="group" aria-label="The graph">
      <Particles root={root} flight={flight}>
        <div class="graph-lines" aria-hidden="true" />
        <canvas class="graph-particles" aria-hidden="true" />
        <div class="graph-cards" ref={layer}>
          <Cards shown={shown} layout={layout} selected={selected} choose={choose} />
        </div>
      </Particles>
      {!drawing && !problem && <Loading what="Drawing the graph" />}
      {problem !== null && <Problem error={problem} />}
      <div class="graph-zoom">
        <Button onClick={() => drawing?.zoomBy(1.3)} aria-label="Zoom in" title="Zoom in">
          +
        </Button>
        <Button onClick={() => drawing?.zoomBy(1 / 1.3)} aria-label="Zoom out" title="Zoom out">
          −
        </Button>
        <Button onClick={() => drawing?.fit()} title="Bring everything into view">
          Fit
        </Button>
        <Button
          onClick={() => {
            props.arrange();
            window.setTimeout(() => drawing?.fit());
          }}
          title="Lay out anew; until then, nodes stay where they are">
          Arrange
        </Button>
      </div>
    </div>
  );
}

/** Shows which request a particle is, and opens its trace; before Cytoscape hears of the mouse. */
function Particles(props: {
  root: RefObject<HTMLDivElement | null>;
  flight: RefObject<Flight | null>;
  children: ComponentChildren;
}) {
  const [tip, setTip] = useState<Tip | null>(null);
  const look = (event: MouseEvent) => {
    const box = props.root.current?.getBoundingClientRect();
    if (!box) return null;
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    return props.flight.current?.under(point) ?? null;
  };
  const isMeant = () => tip !== null && performance.now() - tip.since >= SEEN_MS;
  const take = (event: MouseEvent) => {
    if (!isMeant()) return;
    event.stopPropagation();
    event.preventDefault();
  };
  return (
    <div
      class={`graph-layers ${tip ? "on-particle" : ""}`}
      onPointerMoveCapture={event => {
        const found = event.buttons === 0 ? look(event) : null;
        setTip(before => {
          if (before?.request === found?.request) return before;
          return found && { ...found, since: performance.now() };
        });
      }}
      onPointerLeave={() => {
        props.flight.current?.under({ x: -999, y: -999 });
        setTip(null);
      }}
      onMouseDownCapture={take}
      onClickCapture={event => {
        take(event);
        if (tip && isMeant()) go(`#/traces/${tip.request.seq}`);
      }}>
      {props.children}
      {tip && <RequestTip tip={tip} />}
    </div>
  );
}

function RequestTip({ tip: { request, at } }: { tip: Tip }) {
  return (
    <div class="graph-tip" style={{ left: `${at.x}px`, top: `${at.y}px` }}>
      <b>
        {request.method} {request.target}
      </b>
      <span>
        {request.status || "no answer"} in {microseconds(request.took_us)}
        {request.reason && ` · ${request.reason}`}
      </span>
      <span class="faint">Click to open its trace</span>
    </div>
  );
}

function see(layer: HTMLElement | null, { zoom, pan }: View, flight: Flight | null): void {
  flight?.view({ zoom, pan });
  if (!layer) return;
  layer.style.transform = `translate(${pan.x}px, ${pan.y}px) scale(${zoom})`;
  layer.classList.toggle("coarse", zoom < COARSE);
  // There is some room in the cards for texts that would become too small.
  layer.style.setProperty("--grow", String(Math.min(MOST_GROWN, Math.max(1, 1 / zoom))));
}

/** The text goes with a node that is dragged. */
function follow(layer: HTMLElement | null, id: string, place: Place): void {
  const card = layer?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`);
  if (!card) return;
  card.style.left = `${place.x - card.offsetWidth / 2}px`;
  card.style.top = `${place.y - card.offsetHeight / 2}px`;
}
