/** What a plugin says, as it says it. */
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../../api/client";
import type { PluginLog } from "../../api/types";
import { part } from "../../location";
import { clock } from "../../ui/format";
import { Button, Panel, Problem, Tag, type Health } from "../../ui/parts";

type Line = PluginLog["lines"][number];

const LEVELS = ["error", "warn", "info", "debug"] as const;
const LOOKS: Partial<Record<Line["level"], Health>> = { error: "bad", warn: "warn" };
/** How long the gateway may hold an answer back for a line to come. */
const WAIT_SECONDS = "20";
const AFTER_TROUBLE_MS = 3_000;
/** Answers that come at once would come without end. */
const BETWEEN_MS = 500;
const MOST = 500;

export function Log({ name }: { name: string }) {
  const [level, choose] = useState<string>("info");
  const [isPaused, pause] = useState(false);
  const { lines, error, clear } = useLines(name, level, isPaused);
  return (
    <Panel
      title="What it says"
      tools={
        <>
          <select
            aria-label="Level"
            value={level}
            onChange={event => choose(event.currentTarget.value)}>
            {LEVELS.map(one => (
              <option key={one} value={one}>
                {one === "error" ? "errors" : `${one} and graver`}
              </option>
            ))}
          </select>
          <Button aria-pressed={isPaused} onClick={() => pause(!isPaused)}>
            {isPaused ? "Go on" : "Pause"}
          </Button>
          <Button disabled={lines.length === 0} onClick={clear}>
            Clear
          </Button>
        </>
      }>
      {error !== null && <Problem error={error} />}
      <Lines lines={lines} />
    </Panel>
  );
}

function Lines({ lines }: { lines: Line[] }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  return (
    <div
      class="log"
      ref={box}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Lines"
      onScroll={({ currentTarget: own }) => {
        isAtEnd.current = own.scrollTop + own.clientHeight > own.scrollHeight - 20;
      }}>
      {lines.length === 0 && <p class="lead">It has said nothing yet.</p>}
      {lines.map(({ number, at, level, text }) => (
        <p key={number}>
          <time dateTime={at} title={at}>
            {clock(Date.parse(at))}
          </time>{" "}
          <Tag look={LOOKS[level] ?? "plain"}>{level}</Tag> <span>{text}</span>
        </p>
      ))}
    </div>
  );
}

/** Asks again and again for what is new; each question waits for an answer. */
function useLines(name: string, level: string, isPaused: boolean) {
  const [lines, keep] = useState<Line[]>([]);
  const [error, fail] = useState<unknown>(null);
  const next = useRef(0);
  useEffect(() => {
    next.current = 0;
    keep([]);
  }, [name, level]);
  useEffect(() => {
    if (isPaused) return;
    let stopped = false;
    let isFirst = next.current === 0;
    const ask = async () => {
      const asked = { after: String(next.current), level, wait: isFirst ? "0" : WAIT_SECONDS };
      try {
        const said = await get<PluginLog>(`/api/v1/plugins/${part(name)}/log`, asked);
        if (stopped) return;
        next.current = said.next;
        isFirst = false;
        fail(null);
        if (said.lines.length > 0) keep(all => [...all, ...said.lines].slice(-MOST));
        window.setTimeout(() => stopped || void ask(), BETWEEN_MS);
      } catch (refused) {
        if (stopped) return;
        fail(refused);
        window.setTimeout(() => stopped || void ask(), AFTER_TROUBLE_MS);
      }
    };
    void ask();
    return () => void (stopped = true);
  }, [name, level, isPaused]);
  return { lines, error, clear: () => keep([]) };
}
