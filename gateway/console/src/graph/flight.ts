/** Draws particles over the graph, and knows which one is under the pointer. */
import { onRequests } from "../api/stream";
import type { Particle } from "../api/types";
import { type Atlas, along, type Flying, isOver, launch, type Look, position } from "./particles";
import { colours, onTheme } from "./style";
import type { Place } from "./layout";
import type { View } from "./viewport";

/** A pointer this near catches a particle. */
const REACH = 13;
const RADIUS = 4.5;

export interface Flight {
  atlas: (atlas: Atlas) => void;
  view: (view: View) => void;
  /** Let none fly, and take away those that do. */
  pause: (isPaused: boolean) => void;
  /** The one at a point of the canvas; it waits there until the pointer goes elsewhere. */
  under: (point: Place) => { request: Particle; at: Place } | null;
  end: () => void;
}

export function fly(canvas: HTMLCanvasElement, lineOf: (link: string) => Place[] | null): Flight {
  const pen = canvas.getContext("2d");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let known: Atlas | null = null;
  let view: View = { zoom: 1, pan: { x: 0, y: 0 } };
  let flying: Flying[] = [];
  let held: Flying | null = null;
  let isPaused = false;
  let frame = 0;
  let before = 0;
  let palette = colours();
  const places = new Map<Flying, Place>();

  const size = () => {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
  };

  const step = (now: number) => {
    // The held one stands still: for it, time does not pass.
    if (held && before) held.start += now - before;
    before = now;
    flying = flying.filter(one => !isOver(one, now));
    pen?.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    places.clear();
    for (const one of flying) {
      const at = position(one, now);
      const line = at && lineOf(`${at.leg.from}\n${at.leg.to}`);
      if (!pen || !at || !line) continue;
      const point = along(line, at.part);
      const x = point.x * view.zoom + view.pan.x;
      const y = point.y * view.zoom + view.pan.y;
      places.set(one, { x, y });
      const scale = Math.max(0.75, Math.min(1.3, view.zoom)) * (one === held ? 1.6 : 1);
      mark(pen, one.look, x, y, RADIUS * scale, palette);
    }
    // Nothing to draw costs nothing.
    frame = flying.length > 0 ? requestAnimationFrame(step) : 0;
    if (!frame) before = 0;
  };

  const stop = onRequests(requests => {
    if (!known || isPaused || calm.matches || document.hidden || requests.length === 0) return;
    flying = launch(flying, requests, known, performance.now());
    if (!frame && flying.length > 0) frame = requestAnimationFrame(step);
  });
  const stopTheme = onTheme(() => (palette = colours()));
  const observer = new ResizeObserver(size);
  observer.observe(canvas);
  size();

  return {
    atlas: atlas => (known = atlas),
    view: next => (view = next),
    pause: next => {
      isPaused = next;
      if (next) flying = [];
    },
    under: point => {
      held = null;
      let least = REACH;
      for (const [one, place] of places) {
        const away = Math.hypot(place.x - point.x, place.y - point.y);
        if (away < least) [held, least] = [one, away];
      }
      return held && { request: held.request, at: places.get(held) ?? point };
    },
    end: () => {
      stop();
      stopTheme();
      observer.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

/** Dot, triangle, diamond: told apart without colours too. */
function mark(
  pen: CanvasRenderingContext2D,
  look: Look,
  x: number,
  y: number,
  radius: number,
  { health, accent, panel }: ReturnType<typeof colours>,
): void {
  pen.beginPath();
  if (look === "ordinary") pen.arc(x, y, radius, 0, 2 * Math.PI);
  else {
    const r = radius * 1.5;
    const corners =
      look === "failed"
        ? [[0, -r], [r, 0], [0, r], [-r, 0]] // prettier-ignore
        : [[0, -r], [r, r * 0.8], [-r, r * 0.8]]; // prettier-ignore
    corners.forEach(([dx = 0, dy = 0], at) =>
      at === 0 ? pen.moveTo(x + dx, y + dy) : pen.lineTo(x + dx, y + dy),
    );
    pen.closePath();
  }
  pen.fillStyle = look === "failed" ? health.bad : look === "slow" ? health.warn : accent;
  pen.fill();
  pen.lineWidth = 1.2;
  pen.strokeStyle = panel;
  pen.stroke();
}
