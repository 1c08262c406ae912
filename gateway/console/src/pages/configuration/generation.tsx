/** One generation: what it has changed, its texts, and the way back to it. */
import { mayChange } from "../../api/session";
import type { Configuration, GenerationTexts } from "../../api/types";
import { propose } from "../../change/propose";
import { go, href } from "../../location";
import { Diagnostics } from "../../ui/diagnostics";
import { Diff } from "../../ui/diff-view";
import { useLoad } from "../../ui/load";
import { Button, Copy, Empty, Loading, Page, Panel, Problem, Tag } from "../../ui/parts";
import { Words } from "../../ui/words";
import { differenceOf, originWords, readConfiguration, readTexts } from "./read";
import { When } from "./when";

export function GenerationPage({ number, other }: { number: number; other: string | null }) {
  const all = useLoad("configuration", readConfiguration);
  const one = useLoad(`generation ${number}`, () => readTexts(number));
  const runs = all.data?.running?.generation === number;
  return (
    <Page
      title={`Generation ${number}`}
      lead={<a href="#/configuration">All generations</a>}
      tools={all.data && !runs && mayChange.value && one.data && <RollBack to={number} />}>
      {one.error !== null && <Problem error={one.error} retry={one.again} />}
      {one.data ? (
        <Whole one={one.data} all={all.data} runs={runs} other={other} />
      ) : (
        one.error === null && <Loading what="Reading the generation" />
      )}
    </Page>
  );
}

interface WholeProps {
  one: GenerationTexts;
  all: Configuration | null;
  runs: boolean;
  other: string | null;
}

function Whole({ one, all, runs, other }: WholeProps) {
  return (
    <>
      <Panel>
        <p>
          {one.reason ? <Words text={one.reason} /> : originWords(one.origin)}{" "}
          {runs && <Tag look="good">● running</Tag>}
        </p>
        <p class="lead">
          <When at={one.at} /> {one.author && ` · ${one.author}`} · {originWords(one.origin)} ·{" "}
          <code class="digest">{one.digest}</code>
        </p>
      </Panel>
      {one.warnings.length > 0 && (
        <Panel title="Warnings">
          <Diagnostics list={one.warnings} edits={runs} />
        </Panel>
      )}
      <Panel title="Difference" tools={all && <Against one={one} all={all} other={other} />}>
        {other ? <Between one={one} other={Number(other)} /> : <Changed one={one} />}
      </Panel>
      {one.texts.map(({ source, text }) => (
        <Panel
          key={source}
          title={source}
          tools={
            <>
              <Copy text={text} />
              {runs && (
                <a class="button" href={href("/configuration/editor", { source })}>
                  Edit
                </a>
              )}
            </>
          }>
          <pre class="whole-text" tabIndex={0} aria-label={`Text of ${source}`}>
            {text}
          </pre>
        </Panel>
      ))}
    </>
  );
}

function Against({
  one,
  all,
  other,
}: {
  one: GenerationTexts;
  all: Configuration;
  other: string | null;
}) {
  const others = all.history.filter(({ generation }) => generation !== one.generation).toReversed();
  if (others.length === 0) return null;
  return (
    <label>
      to{" "}
      <select
        value={other ?? ""}
        onChange={event =>
          go(
            href(`/configuration/${one.generation}`, { with: event.currentTarget.value }),
            "replace",
          )
        }>
        <option value="">the one before</option>
        {others.map(({ generation, reason, origin }) => (
          <option key={generation} value={generation}>
            {generation}: {(reason ?? originWords(origin)).slice(0, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Between({ one, other }: { one: GenerationTexts; other: number }) {
  const { data, error } = useLoad(`generation ${other}`, () => readTexts(other));
  if (error !== null) return <Problem error={error} />;
  if (!data) return <Loading what="Comparing" />;
  const [first, last] = other < one.generation ? [data, one] : [one, data];
  const diff = differenceOf(first, last);
  return (
    <>
      <p class="lead">
        From generation {first.generation} to {last.generation}.
      </p>
      {diff ? <Diff text={diff} /> : <p>Their texts are the same.</p>}
    </>
  );
}

/** What it changed, for a place where its texts are not shown. */
export function What({ number }: { number: number }) {
  const { data, error, again } = useLoad(`generation ${number}`, () => readTexts(number));
  if (error !== null) return <Problem error={error} retry={again} />;
  if (!data) return <Loading what="Reading the difference" />;
  return (
    <>
      <Diagnostics list={data.warnings} />
      <Changed one={data} />
    </>
  );
}

function Changed({ one: { diff, origin } }: { one: GenerationTexts }) {
  if (diff) return <Diff text={diff} />;
  if (origin === "start")
    return <p class="lead">It is the one that the gateway has started with.</p>;
  if (origin === "module") return <p class="lead">Its text is the same; a module has changed.</p>;
  return (
    <Empty title="No difference to show">
      <p>Its text is that of the one before, or that one is not kept any more.</p>
    </Empty>
  );
}

export function RollBack({ to }: { to: number }) {
  return (
    <Button
      aria-label={`Roll back to this, generation ${to}`}
      onClick={() =>
        propose({
          title: `Go back to generation ${to}`,
          change: { back_to: to },
          reason: `back to generation ${to}`,
        })
      }>
      Roll back to this
    </Button>
  );
}
