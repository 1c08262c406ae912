/** Writes the configuration as text: completed by its schema, checked by the gateway as one types. */
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../../api/client";
import { mayChange } from "../../api/session";
import type { Configuration, Schema } from "../../api/types";
import { propose } from "../../change/propose";
import { go, href } from "../../location";
import type { PageProps } from "../../pages";
import { Diagnostics } from "../../ui/diagnostics";
import { useLoad } from "../../ui/load";
import { Button, Empty, HealthMark, Loading, Page, Panel, Problem } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Words } from "../../ui/words";
import { readConfiguration, readTexts } from "../configuration/read";
import { checked, useChecks } from "./check";
import { mark, mount, show } from "./code";
import { Conflict } from "./conflict";
import { changed, changedTexts, drafts, follow, isSettled, write } from "./drafts";
import { scan } from "./scan";
import "./editor.css";

export function EditorPage({ query }: PageProps) {
  const { data, error, again } = useLoad("configuration", readConfiguration);
  const running = data?.running?.generation;
  const [problem, fail] = useState<unknown>(null);
  const isBehind = running !== undefined && drafts.value?.base !== running;
  useEffect(() => {
    if (isBehind) readTexts(running).then(follow, fail);
  }, [running, isBehind]);
  useEffect(() => remind, []);
  const failed = error ?? problem;
  return (
    <Page
      title="Configuration editor"
      lead={<a href="#/configuration">Timeline</a>}
      tools={drafts.value && <Tools />}>
      {failed !== null && <Problem error={failed} retry={again} />}
      {data && data.running === null && <NothingRuns />}
      {data && drafts.value ? (
        <Texts now={data} query={query} />
      ) : (
        failed === null && <Loading what="Reading the configuration" />
      )}
    </Page>
  );
}

function NothingRuns() {
  return (
    <Empty title="No configuration runs yet">
      <p>The gateway's log says why; the timeline shows what was refused.</p>
    </Empty>
  );
}

/** Says, when the page is left, that nothing is lost. */
function remind(): void {
  if (changed.value.length === 0) return;
  toast("warn", "Your text is not applied yet. The editor keeps it.", {
    label: "Back to it",
    run: () => go("#/configuration/editor"),
  });
}

function review(): void {
  if (changed.value.length === 0 || !isSettled.value) return;
  const names = changed.value.map(({ source }) => source).join(", ");
  propose({
    title: `Change ${names}`,
    change: { texts: changedTexts() },
    reason: "",
    done: () => (drafts.value = null),
  });
}

function Tools() {
  const isChanged = changed.value.length > 0;
  const now = checked.value;
  const isWrong = now.state === "checked" && !now.valid;
  return (
    <>
      <Button
        disabled={!isChanged}
        onClick={() => {
          drafts.value = null;
          toast("idle", "The text is again what runs.");
        }}>
        Discard
      </Button>
      <Button look="primary" disabled={!isChanged || isWrong || !isSettled.value} onClick={review}>
        {mayChange.value ? "Review and apply" : "Review"}
      </Button>
    </>
  );
}

function Texts({ now, query }: { now: Configuration; query: URLSearchParams }) {
  useChecks();
  const { texts, base } = drafts.value ?? { texts: [], base: 0 };
  const wanted = query.get("source");
  const shown = texts.find(text => text.source === wanted) ?? texts[0];
  if (!shown) return null;
  const { source, before } = shown;
  const line = Number(query.get("line")) || null;
  return (
    <>
      {texts.map(draft => (
        <Conflict key={draft.source} draft={draft} base={base} />
      ))}
      {!now.source.writable && (
        <div class="change-note">
          <p>
            <HealthMark health="warn" /> The console cannot write this
            {now.source.why_not && <Words text={`: ${now.source.why_not}`} />}. Check the text here,
            and take the patch from the review.
          </p>
        </div>
      )}
      <Panel class="editor">
        {texts.length > 1 && <Tabs source={source} />}
        <Code key={`${source}\n${before}`} source={source} line={line} />
        <p class="lead editor-keys">
          Tab indents. Escape, then Tab, leaves the editor. Ctrl+Space completes, Ctrl+S reviews.
        </p>
      </Panel>
      <Found />
    </>
  );
}

function Tabs({ source }: { source: string }) {
  const isChanged = (name: string) => changed.value.some(one => one.source === name);
  return (
    <nav class="tabs" aria-label="Files">
      {drafts.value?.texts.map(one => (
        <a
          key={one.source}
          href={href("/configuration/editor", { source: one.source })}
          aria-current={one.source === source ? "page" : undefined}>
          {one.source}
          {isChanged(one.source) && <span title="changed"> ●</span>}
          {isChanged(one.source) && <span class="unseen">, changed</span>}
        </a>
      ))}
    </nav>
  );
}

function Code({ source, line }: { source: string; line: number | null }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<ReturnType<typeof mount> | null>(null);
  const schema = useRef<Schema | null>(null);
  useEffect(() => {
    const own = host.current;
    if (!own) return;
    void get<Schema>("/api/v1/schema").then(
      read => (schema.current = read),
      () => toast("warn", "Without the schema there is no completion; checks work."),
    );
    const textOf = (name: string) =>
      drafts.value?.texts.find(one => one.source === name)?.now ?? "";
    const others = () =>
      (drafts.value?.texts ?? [])
        .filter(one => one.source !== source)
        .flatMap(one => scan(one.now).entries);
    view.current = mount(own, textOf(source), {
      label: `Text of ${source}`,
      schema: () => schema.current,
      others,
      changed: text => write(source, text),
      save: review,
    });
    return () => view.current?.destroy();
  }, []);
  useEffect(() => {
    if (view.current && line) show(view.current, line);
  }, [line]);
  const now = checked.value;
  useEffect(() => {
    if (now.state === "checking" || !view.current) return;
    const all = now.state === "checked" ? now.diagnostics : [];
    mark(
      view.current,
      all.filter(one => one.source === source),
    );
  }, [now]);
  return <div class="code" ref={host} />;
}

function Found() {
  const now = checked.value;
  const list = now.state === "checked" ? now.diagnostics : [];
  return (
    <section aria-label="What the gateway says of it" class="found">
      <p role="status">{words()}</p>
      {now.state === "failed" && <Problem error={now.error} />}
      <Diagnostics list={list} edits />
    </section>
  );
}

function words() {
  const now = checked.value;
  if (now.state === "unchanged") return "Nothing is changed yet.";
  if (now.state === "checking") return "Checking …";
  if (now.state === "failed") return "The gateway could not check it.";
  if (now.state === "checked" && now.valid)
    return <HealthMark health="good" label="The gateway would accept this." />;
  return <HealthMark health="bad" label="The gateway would refuse this." />;
}
