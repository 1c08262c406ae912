/** The slider over the last minutes, and the graph of the moment it stands at. */
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../api/client";
import type { Graph } from "../api/types";
import { clock } from "../ui/format";
import { Button, Problem } from "../ui/parts";
import { advance, back, moved, SPEEDS, STEP_MS, within } from "./replay";

export interface Replay {
  /** null: now. */
  at: number | null;
  graph: Graph | null;
  error: unknown;
  speed: number | null;
  seek: (at: number | null) => void;
  play: (speed: number | null) => void;
}

/** `start` and `stopped` keep the moment in the address. */
export function useReplay(
  live: Graph | null,
  start: number | null,
  stopped: (at: number | null) => void,
): Replay {
  const [at, setAt] = useState(start);
  const [speed, setSpeed] = useState<number | null>(null);
  const [seen, setSeen] = useState<{ graph: Graph | null; error: unknown }>({
    graph: null,
    error: null,
  });
  const asked = useRef(0);
  const isBusy = useRef(false);
  const latest = useRef({ live, stopped });
  latest.current = { live, stopped };

  useEffect(() => {
    if (at === null) return;
    const own = ++asked.current;
    isBusy.current = true;
    get<Graph>("/api/v1/graph", { window: "10s", at: String(Math.round(at)) })
      .then(graph => own === asked.current && setSeen({ graph, error: null }))
      .catch(error => own === asked.current && setSeen(before => ({ ...before, error })))
      .finally(() => own === asked.current && (isBusy.current = false));
  }, [at === null ? null : Math.round(at)]);

  const seek = (next: number | null) => {
    setAt(next);
    if (next === null) {
      asked.current += 1;
      setSpeed(null);
      setSeen({ graph: null, error: null });
    }
    if (next === null || speed === null) latest.current.stopped(next && Math.round(next));
  };

  useEffect(() => {
    if (speed === null) return;
    const timer = window.setInterval(() => {
      // A slow gateway makes the replay wait, not pile up questions.
      if (isBusy.current || document.hidden) return;
      setAt(before => before && advance(before, speed, latest.current.live?.at ?? Infinity));
    }, STEP_MS);
    return () => window.clearInterval(timer);
  }, [speed]);
  useEffect(() => {
    if (at === null && speed !== null) seek(null);
  }, [at, speed]);

  const play = (next: number | null) => {
    setSpeed(next);
    if (next === null) latest.current.stopped(at && Math.round(at));
  };
  return { at, speed, ...seen, seek, play };
}

export function Timeline({ live, replay }: { live: Graph; replay: Replay }) {
  const { at, speed } = replay;
  const now = live.at;
  const shown = at === null ? now : within(at, live.since, now);
  // The slider stands at whole seconds, so that its end is one of them.
  const [begin, end] = [Math.ceil(live.since), Math.floor(now)];
  const words = at === null ? "now" : `${clock(shown * 1000)}, ${back(shown, now)}`;
  return (
    <div class={`timeline ${at === null ? "" : "is-past"}`} role="group" aria-label="Replay">
      {at === null ? (
        <span class="timeline-live">Live</span>
      ) : (
        <Button look="primary" onClick={() => replay.seek(null)}>
          Back to live
        </Button>
      )}
      <Button
        aria-label={speed === null ? "Play" : "Pause"}
        title={at === null ? "Play the last minute again" : undefined}
        onClick={() => {
          if (speed !== null) return replay.play(null);
          if (at === null) replay.seek(within(now - 60, live.since, now));
          replay.play(SPEEDS[0]);
        }}>
        {speed === null ? "▶" : "❚❚"}
      </Button>
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={words}
        min={begin}
        max={end}
        step={1}
        value={Math.floor(shown)}
        onInput={event => {
          const next = moved(at, Number(event.currentTarget.value), end);
          replay.seek(next && within(next, begin, end));
        }}
      />
      <span class="timeline-moment">
        {at === null
          ? `last ${live.window_seconds} s`
          : `${clock(shown * 1000)} · ${back(shown, now)}`}
      </span>
      {speed !== null && (
        <select
          aria-label="Speed"
          value={speed}
          onChange={event => replay.play(Number(event.currentTarget.value))}>
          {SPEEDS.map(one => (
            <option key={one} value={one}>
              {one}×
            </option>
          ))}
        </select>
      )}
      {replay.error !== null && <Problem error={replay.error} />}
    </div>
  );
}
