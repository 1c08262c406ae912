/** Above the graph: find and hide, and what is shown. */
import { useEffect, useRef } from "preact/hooks";

import { HealthMark } from "../ui/parts";
import type { Choose, Chosen } from "./choice";
import { LABELS, type LabelKind, type Shown } from "./elements";
import { HELP, parse } from "./find";
import { Icon, MEANINGS } from "./icons";

interface Props {
  chosen: Chosen;
  choose: Choose;
  shown: Shown;
  endpoints: boolean;
  isTable: boolean;
}

export function Bar({ chosen, choose, shown, endpoints, isTable }: Props) {
  const found = shown.nodes.filter(node => node.isFound).length;
  return (
    <div class="graph-bar">
      <Expression
        label="Find"
        value={chosen.find}
        hotkey
        change={find => choose({ find })}
        result={shown.isSearching ? `${found} found` : null}
      />
      <Expression
        label="Hide"
        value={chosen.hide}
        change={hide => choose({ hide })}
        result={shown.hidden > 0 ? `${shown.hidden} hidden` : null}
      />
      {!isTable && (
        <label>
          Links say{" "}
          <select
            value={chosen.label}
            onChange={event => choose({ label: event.currentTarget.value as LabelKind })}>
            {LABELS.map(([kind, words]) => (
              <option key={kind} value={kind}>
                {words}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={endpoints}
          onChange={event => choose({ endpoints: event.currentTarget.checked })}
        />
        Endpoints
      </label>
      {!isTable && (
        <label class="check">
          <input
            type="checkbox"
            checked={chosen.particles}
            onChange={event => choose({ particles: event.currentTarget.checked })}
          />
          Moving requests
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={isTable}
          onChange={event => choose({ view: event.currentTarget.checked ? "table" : "graph" })}
        />
        Table
      </label>
      {!isTable && <Legend />}
    </div>
  );
}

function Expression(props: {
  label: string;
  value: string;
  hotkey?: boolean;
  change: (text: string) => void;
  result: string | null;
}) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!props.hotkey) return;
    const hear = (event: KeyboardEvent) => {
      const from = event.target as Element | null;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (from?.closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [props.hotkey]);
  const { problem } = parse(props.value);
  return (
    <label class="expression" title={props.hotkey ? `${HELP} ( / brings you here)` : HELP}>
      {props.label}
      <input
        ref={input}
        type="search"
        spellcheck={false}
        autocomplete="off"
        placeholder={props.hotkey ? "name, errors>1%" : "idle, kind:client"}
        value={props.value}
        aria-invalid={problem !== null}
        onInput={event => props.change(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key !== "Escape") return;
          props.change("");
          event.currentTarget.blur();
        }}
      />
      <span class="result" role="status">
        {problem ?? props.result}
      </span>
    </label>
  );
}

function Legend() {
  return (
    <details class="legend">
      <summary>Legend</summary>
      <div class="legend-body">
        <p>
          Left to right as a request goes. The thicker a link, the more requests; dashed ones had
          none.
        </p>
        <ul>
          <li>
            <HealthMark health="good" label="good" />
          </li>
          <li>
            <HealthMark health="warn" label="1 % errors, p99 over 1 s, or many waiting" />
          </li>
          <li>
            <HealthMark
              health="bad"
              label="10 % errors, half take over 1 s, or no answer for 2 s"
            />
          </li>
          <li>
            <HealthMark health="idle" label="idle: no requests" />
          </li>
          <li>
            <HealthMark health="off" label="suspended" />
          </li>
        </ul>
        <p>
          What flies is one real request each (dot; triangle: slow; diamond: failed), the slower the
          longer it took. Click it to open its trace.
        </p>
        <ul>
          {Object.entries(MEANINGS).map(([kind, words]) => (
            <li key={kind}>
              <Icon kind={kind as keyof typeof MEANINGS} words={words} /> {words}
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}
