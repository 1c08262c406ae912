/**
 * Which way a request would go, and why: from one box that takes a URL, a path, a request's head, or
 * a whole curl line. Nothing is sent unless it is asked for.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import { link, overview } from "../api/stream";
import { explain } from "../api/traces";
import type { Explained } from "../api/types";
import { go, here } from "../location";
import type { PageProps } from "../pages";
import { useLoad } from "../ui/load";
import { HealthMark, Loading, Page, Panel, Problem } from "../ui/parts";
import { Words } from "../ui/words";
import { Examples } from "./explain/examples";
import { fromQuery, leftOut, toQuery, written, type Question } from "./explain/question";
import { absolute, read } from "./explain/read";
import { SendIt } from "./explain/send-it";
import { warnings } from "./explain/verdict";
import { Lost, Own, Way } from "./explain/way";
import "../ui/requests.css";
import "./explain.css";

/** Typing is over. */
const PAUSE_MS = 250;
/** Where no listener can be reached from the gateway's own machine. */
const FALLBACK = "http://localhost/";

export function Explain({ query }: PageProps) {
  const [text, type] = useState(() => {
    const question = fromQuery(query);
    return question ? written(question) : "";
  });
  const settled = useSettled(text);
  const asked = read(settled);
  const own = useRef<string | null>(null);
  useEffect(() => {
    // The address follows the box, and the box an address that came from elsewhere.
    const address = asked.question
      ? `#/explain?${toQuery(asked.question).toString()}`
      : "#/explain";
    if (settled.trim() === "" ? here.value.query.size === 0 : !asked.question) return;
    own.current = address;
    go(address, "replace");
  }, [settled]);
  useEffect(() => {
    const address = `#/explain${query.size ? `?${query.toString()}` : ""}`;
    if (own.current === null || address === own.current) return;
    const question = fromQuery(query);
    own.current = address;
    type(question ? written(question) : "");
  }, [query]);
  return (
    <Page
      title="Explain"
      lead="Which rule a request meets, where it goes, and why not elsewhere. Nothing is sent until you press Send.">
      <Box text={text} type={type} />
      {asked.problem && <p class="explain-problem">{asked.problem}</p>}
      <Notes notes={asked.notes} />
      {asked.question ? (
        <Based question={asked.question} />
      ) : (
        <Examples base={baseNow() ?? FALLBACK} use={type} />
      )}
    </Page>
  );
}

function Box({ text, type }: { text: string; type: (text: string) => void }) {
  const rows = Math.min(8, Math.max(1, text.split("\n").length, Math.ceil(text.length / 110)));
  return (
    <div class="explain-box">
      <label for="explain-text">A URL, a path, or a whole curl line</label>
      <textarea
        id="explain-text"
        rows={rows}
        spellcheck={false}
        autocomplete="off"
        placeholder="/api/staff   or   curl -H 'x-user: me' http://localhost:30080/api/staff"
        value={text}
        onInput={event => type(event.currentTarget.value)}
      />
    </div>
  );
}

function Notes({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul class="explain-notes">
      {notes.map(note => (
        <li key={note}>
          <Words text={note} />
        </li>
      ))}
    </ul>
  );
}

/** What must be known before the steps are believed. */
function Warnings({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul class="explain-warnings" aria-label="Warnings">
      {notes.map(note => (
        <li key={note}>
          <HealthMark health="warn" />{" "}
          <span>
            <Words text={note} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A path needs an address of the gateway to stand behind. */
function Based({ question }: { question: Question }) {
  const isLost = link.value.state === "lost";
  const base = baseNow() ?? (isLost || overview.value ? FALLBACK : null);
  if (question.url.startsWith("/") && base === null) return <Loading what="Asking the gateway" />;
  return <Answer question={{ ...question, url: absolute(question.url, base ?? FALLBACK) }} />;
}

function baseNow(): string | null {
  return overview.value?.addresses.find(({ url }) => url !== null)?.url ?? null;
}

function Answer({ question }: { question: Question }) {
  const { method, url, headers } = question;
  const key = JSON.stringify([method, url, headers]);
  const { data, error, again } = useLoad(key, () => explain(method, url, headers));
  // What was explained before stays while the next answer is on its way, so that nothing jumps.
  const last = useRef<Explained | null>(null);
  if (data) last.current = data;
  const shown = data ?? last.current;
  if (error) return <Problem error={error} retry={again} />;
  if (!shown) return <Loading what="Asking the gateway" />;
  const left = leftOut(question);
  return (
    <div class={`explain-answer ${data ? "" : "fading"}`}>
      <Panel title={shown.answer ? "The gateway answers by itself" : "The way of this request"}>
        <p class="explain-request">
          <code>
            {shown.request.method} {shown.request.target}
          </code>{" "}
          for host <code>{shown.request.host}</code>
        </p>
        <Warnings notes={warnings(shown, url)} />
        {shown.answer && <Own answer={shown.answer} />}
        <Way explained={shown} />
        {left.length > 0 && (
          <p class="faint">
            The address of this page keeps the question, without <Words text={left.join(", ")} />.
          </p>
        )}
      </Panel>
      <div class="explain-side">
        <SendIt key={key} question={question} />
        <Lost explained={shown} />
      </div>
    </div>
  );
}

/** The text once nobody has changed it for a moment. */
function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => settle(text), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
