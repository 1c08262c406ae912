/** The search box, where the shell's key `/` leads: chips put common terms in, and the whole language is one click away. */
import { useEffect, useRef, useState } from "preact/hooks";

import { graph } from "../../api/stream";
import { Button, Dialog } from "../../ui/parts";
import { has, keyed, replace, toggle, valueOf } from "./query";

/** Typing is over. */
const PAUSE_MS = 250;
/** More routes than this are chosen from a list. */
const ROUTE_CHIPS = 6;

const CHIPS = [
  ["is:failed", "Failed"],
  ["is:slow", "Slow"],
  ["status:5xx", "5xx"],
  ["status:4xx", "4xx"],
  ["is:plugin", "Plugin failed"],
  ["since:5m", "Last 5 min"],
] as const;

export function SearchBox({ q, change }: { q: string; change: (q: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, type] = useState(q);
  const [isHelping, help] = useState(false);
  const timer = useRef<number | undefined>(undefined);
  // Others change it too: chips, the address.
  useEffect(() => {
    window.clearTimeout(timer.current);
    if (document.activeElement !== input.current || q !== text.trim()) type(q);
  }, [q]);
  const later = (next: string) => {
    type(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => change(next.trim()), PAUSE_MS);
  };
  return (
    <search class="search-box">
      <div class="search-line">
        <input
          ref={input}
          type="search"
          aria-label="Search requests"
          placeholder="Search: /api/staff  status:5xx  >1s  route:staff"
          spellcheck={false}
          value={text}
          onInput={event => later(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key === "Enter") change(text.trim());
          }}
        />
        <kbd class="wide-only" title="Press / to search">
          /
        </kbd>
        <Button look="quiet" onClick={() => help(true)}>
          How to search
        </Button>
      </div>
      <div class="chips" role="group" aria-label="Common searches">
        {CHIPS.map(([term, label]) => (
          <Chip key={term} term={term} label={label} q={q} change={change} />
        ))}
        <Routes q={q} change={change} />
      </div>
      {isHelping && <Help close={() => help(false)} use={change} />}
    </search>
  );
}

interface ChipProps {
  term: string;
  label: string;
  q: string;
  change: (q: string) => void;
}

function Chip({ term, label, q, change }: ChipProps) {
  return (
    <button
      type="button"
      class="term-chip"
      aria-pressed={has(q, term)}
      onClick={() => change(toggle(q, term))}>
      {label}
    </button>
  );
}

function Routes({ q, change }: { q: string; change: (q: string) => void }) {
  const names = (graph.value?.nodes ?? [])
    .filter(node => node.kind === "route")
    .map(node => node.name)
    .sort();
  if (names.length <= ROUTE_CHIPS) {
    return names.map(name => (
      <Chip key={name} term={keyed("route", name)} label={name} q={q} change={change} />
    ));
  }
  return (
    <select
      class="term-chip"
      aria-label="Route"
      value={valueOf(q, "route") ?? ""}
      onChange={event => change(replace(q, "route", event.currentTarget.value))}>
      <option value="">Any route</option>
      {names.map(name => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

const LANGUAGE = [
  ["/api/staff", "paths that begin so"],
  ["path:staff", "paths that contain it"],
  ["status:504", "a status; also status:5xx and status:500-503"],
  ["route:staff", "a route; route:sta* what begins so"],
  ["service:staff", "a service; the same way: method: host: listener: rule: client:"],
  ["reason:timeout", "why the gateway answered by itself"],
  [">1s", "longer than that; also >=250ms, <20ms, <=1.5s"],
  ["header:x-user=7", "a header of request or response; header:x-user with any value"],
  ["is:failed", "why it was kept: is:failed, is:slow, is:plugin, is:sample"],
  ["since:5m", "at most so long ago; before:1m at least"],
  ["id:…", "a request id or a trace id; 32 hexadecimal digits alone do as well"],
  ["-status:200", "a minus means: not that"],
  ['"driver 7"', "quotes hold words together"],
  ["timeout", "any other word: in path, host, route, service, reason or request id"],
] as const;

function Help({ close, use }: { close: () => void; use: (q: string) => void }) {
  return (
    <Dialog title="How to search" close={close} wide>
      <p>Every term must hold. Click an example to try it.</p>
      <table class="language">
        <thead>
          <tr>
            <th>Term</th>
            <th>Finds</th>
          </tr>
        </thead>
        <tbody>
          {LANGUAGE.map(([term, finds]) => (
            <tr key={term}>
              <td>
                <button
                  type="button"
                  class="term-chip"
                  disabled={term.includes("…")}
                  onClick={() => {
                    use(term);
                    close();
                  }}>
                  <code>{term}</code>
                </button>
              </td>
              <td>{finds}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
