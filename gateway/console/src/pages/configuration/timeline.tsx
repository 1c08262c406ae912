/** All generations that are kept, the newest first, and what is wrong with the last refused one. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import type { Configuration, Generation } from "../../api/types";
import { proposeUndo } from "../../change/apply";
import { href } from "../../location";
import { milliseconds, plural } from "../../ui/format";
import { useLoad } from "../../ui/load";
import { Button, Loading, Page, Panel, Problem, Tag } from "../../ui/parts";
import { Words } from "../../ui/words";
import { RollBack, What } from "./generation";
import { Held } from "./held";
import { before, originWords, readConfiguration } from "./read";
import { Refused } from "./refused";
import { Source } from "./source";
import { When } from "./when";

export function Timeline() {
  const { data, error, again } = useLoad("configuration", readConfiguration);
  return (
    <Page
      title="Configuration"
      lead="Every configuration that was applied, why, and by whom. Each can be gone back to."
      tools={
        <>
          <a class="button primary" href="#/configuration/editor">
            Open the editor
          </a>
          <a class="button" href="#/audit">
            Audit log
          </a>
        </>
      }>
      {error !== null && <Problem error={error} retry={again} />}
      {data ? <Kept now={data} /> : error === null && <Loading what="Reading the timeline" />}
    </Page>
  );
}

function Kept({ now }: { now: Configuration }) {
  const [picked, pick] = useState<number[]>([]);
  const toggle = (number: number) =>
    pick(
      picked.includes(number)
        ? picked.filter(one => one !== number)
        : [...picked.slice(-1), number],
    );
  return (
    <>
      {now.rejected && <Refused rejection={now.rejected} />}
      <Source source={now.source} rejected={now.rejected} />
      {now.held.length > 0 && <Held now={now} />}
      <Panel
        title={plural(now.history.length, "generation")}
        tools={now.history.length > 1 && <Compare picked={picked} />}>
        <ol class="generations" reversed>
          {now.history.toReversed().map(one => (
            <Row
              key={one.generation}
              one={one}
              runs={one.generation === now.running?.generation}
              earlier={before(now.history, one.generation)}
              picked={picked.includes(one.generation)}
              pick={now.history.length > 1 ? () => toggle(one.generation) : null}
            />
          ))}
        </ol>
      </Panel>
    </>
  );
}

function Compare({ picked }: { picked: number[] }) {
  const [one, two] = picked.toSorted((a, b) => a - b);
  if (one === undefined || two === undefined)
    return <span class="lead">Pick two of them to compare.</span>;
  return (
    <a class="button" href={href(`/configuration/${two}`, { with: String(one) })}>
      Compare {one} with {two}
    </a>
  );
}

interface RowProps {
  one: Generation;
  runs: boolean;
  earlier: Generation | undefined;
  picked: boolean;
  pick: (() => void) | null;
}

function Row({ one, runs, earlier, picked, pick }: RowProps) {
  const [isOpen, open] = useState(false);
  const { generation, author, reason, origin, warnings } = one;
  return (
    <li class={runs ? "runs" : ""}>
      <div class="generation">
        {pick && (
          <input
            type="checkbox"
            checked={picked}
            onChange={pick}
            aria-label={`Compare generation ${generation}`}
          />
        )}
        <a class="generation-number" href={`#/configuration/${generation}`}>
          {generation}
        </a>
        <div class="generation-words">
          <p>
            {reason ? <Words text={reason} /> : originWords(origin)}{" "}
            {runs && <Tag look="good">● running</Tag>}{" "}
            {warnings.length > 0 && <Tag look="warn">▲ {plural(warnings.length, "warning")}</Tag>}
          </p>
          <p class="lead">
            <When at={one.at} />
            {author && ` · ${author}`}
            {reason && ` · ${originWords(origin)}`} · took {milliseconds(one.took_ms)}
          </p>
        </div>
        <div class="tools">
          <Button
            aria-expanded={isOpen}
            aria-label={`${isOpen ? "Hide" : "What changed"}, generation ${generation}`}
            onClick={() => open(!isOpen)}>
            {isOpen ? "Hide" : "What changed"}
          </Button>
          {!runs && mayChange.value && <RollBack to={generation} />}
          {runs && mayChange.value && earlier && origin !== "module" && (
            <Undo generation={generation} to={earlier.generation} />
          )}
        </div>
      </div>
      {isOpen && (
        <div class="generation-more">
          <What number={generation} />
        </div>
      )}
    </li>
  );
}

/** What the toast has offered, for who comes later. A new module has no other text to go back to. */
function Undo({ generation, to }: { generation: number; to: number }) {
  return (
    <Button
      aria-label={`Undo, generation ${generation}`}
      onClick={() => proposeUndo(generation, { back_to: to })}>
      Undo
    </Button>
  );
}
