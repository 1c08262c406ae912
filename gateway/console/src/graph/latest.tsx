/** The latest requests as links: what particles are, for the keyboard and for those who see none. */
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../api/client";
import { onRequests } from "../api/stream";
import type { Particle, RequestPage } from "../api/types";
import { microseconds } from "../ui/format";
import { HealthMark, Panel } from "../ui/parts";
import { lookOf } from "./particles";

const MOST = 8;
/** Faster, and nobody reads it. */
const EVERY_MS = 1_000;

const HEALTH = { ordinary: "good", slow: "warn", failed: "bad" } as const;

interface Props {
  of: (request: Particle) => boolean;
  /** The same in the language of the traces page; null if it cannot say that. */
  query: string | null;
}

export function Latest({ of, query }: Props) {
  const [seen, setSeen] = useState<Particle[]>([]);
  const test = useRef(of);
  test.current = of;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let waiting: Particle[] = [];
    const stop = onRequests(requests => {
      const own = requests.filter(request => test.current(request));
      waiting = [...own.sort((a, b) => b.at_ms - a.at_ms), ...waiting].slice(0, MOST);
    });
    const timer = window.setInterval(() => {
      // Nothing slips away under a pointer or a focus.
      if (waiting.length === 0 || box.current?.matches(":hover, :focus-within")) return;
      const fresh = waiting;
      waiting = [];
      setSeen(before => [...fresh, ...before].slice(0, MOST));
    }, EVERY_MS);
    let isOver = false;
    if (query !== null) {
      const wanted = { q: query, sort: "time", limit: String(MOST) };
      get<RequestPage>("/api/v1/requests", wanted).then(
        ({ requests }) => isOver || setSeen(before => (before.length ? before : requests)),
        // Those that come by themselves are enough.
        () => {},
      );
    }
    return () => {
      isOver = true;
      stop();
      window.clearInterval(timer);
    };
  }, []);
  return (
    <Panel title="Latest requests" class="graph-latest">
      <div ref={box}>
        {seen.length === 0 && <p class="graph-hint">None yet.</p>}
        <ul>
          {seen.map(request => (
            <li key={request.seq}>
              <a href={`#/traces/${request.seq}`}>
                <HealthMark health={HEALTH[lookOf(request)]} />
                <span class="what">
                  {request.method} {request.target}
                </span>
                <span class="how">
                  {request.status || "–"} · {microseconds(request.took_us)}
                </span>
              </a>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}
