/** What can be done with a request: explain it, send it again, hold it against another one. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import { otlpAddress, requests, send, type Whole } from "../../api/traces";
import type { RequestSummary } from "../../api/types";
import { go, href, part } from "../../location";
import { milliseconds } from "../../ui/format";
import { health, statusText } from "../../ui/outcome";
import { Button, Dialog } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { keyed } from "../traces/query";
import { again, explainAddress, type Again } from "./again";

/** Requests of a route among which an ordinary one is looked for. */
const LOOKED_AT = 500;
/** Sent again without being asked about it: they change nothing. */
const SAFE = ["GET", "HEAD", "OPTIONS"];

export function Actions({ whole }: { whole: Whole }) {
  const { seq } = whole.summary;
  const plugins = whole.filters.filter(filter => filter.is_plugin);
  const unique = [...new Set(plugins.map(filter => filter.name))];
  return (
    <>
      <a class="button" href={explainAddress(whole)}>
        Explain this request
      </a>
      <SendAgain whole={whole} />
      <CompareOrdinary whole={whole} />
      {unique.map(name => (
        <a key={name} class="button" href={href(`/plugins/${part(name)}`, { try: String(seq) })}>
          Try {name} on it
        </a>
      ))}
      <a class="button" href={otlpAddress(seq)} download>
        Download OTLP
      </a>
    </>
  );
}

function SendAgain({ whole }: { whole: Whole }) {
  const [isAsking, ask] = useState(false);
  const [isBusy, work] = useState(false);
  const what = again(whole);
  const why = what.impossible ?? (mayChange.value ? null : "Operators may send requests");
  const run = async () => {
    ask(false);
    work(true);
    await sendAndTell(what);
    work(false);
  };
  return (
    <>
      <Button
        disabled={why !== null || isBusy}
        title={why ?? undefined}
        onClick={() => (SAFE.includes(what.send.method) ? void run() : ask(true))}>
        {isBusy ? "Sending …" : "Send it again"}
      </Button>
      {isAsking && (
        <Dialog title={`Send ${what.send.method} once more?`} close={() => ask(false)}>
          <p>
            <code>
              {what.send.method} {what.send.url}
            </code>{" "}
            may change something in the service, as it did the first time.
          </p>
          <p class="tools">
            <Button look="primary" onClick={() => void run()}>
              Send it
            </Button>
            <Button onClick={() => ask(false)}>Cancel</Button>
          </p>
        </Dialog>
      )}
    </>
  );
}

async function sendAndTell({ send: what, without }: Again): Promise<void> {
  try {
    const { answers } = await send(what);
    const answer = answers[0];
    if (!answer) return;
    const { seq, status, took_ms, error } = answer;
    const left = without.length ? `, sent without ${without.join(", ")}, which is not kept` : "";
    const words = error ?? `${statusText(status)} after ${milliseconds(took_ms)}${left}`;
    const open = seq === null ? null : () => go(href(`/traces/${seq}`));
    const action = open ? { label: "Open its trace", run: open } : undefined;
    toast(error ? "bad" : health(status), words, action);
  } catch (error) {
    toast("bad", error instanceof Error ? error.message : String(error));
  }
}

/** An ordinary request of the same route, as what this one is measured by. */
function CompareOrdinary({ whole }: { whole: Whole }) {
  const { seq, route, interest } = whole.summary;
  if (!route || interest === "sample") return null;
  const find = async () => {
    try {
      const found = await ordinary(whole, route);
      if (found) go(href("/traces/compare", { a: String(found.seq), b: String(seq) }));
      else toast("idle", `No other request of route ${route} is kept that a service answered`);
    } catch (error) {
      toast("bad", error instanceof Error ? error.message : String(error));
    }
  };
  return <Button onClick={() => void find()}>Compare with an ordinary one</Button>;
}

/** The newest sample; where all are slow, the fastest of them. */
async function ordinary(whole: Whole, route: string): Promise<RequestSummary | undefined> {
  const { method, seq } = whole.summary;
  const q = `${keyed("route", route)} method:${method} -is:failed`;
  const { requests: found } = await requests({ q, sort: "time", limit: LOOKED_AT });
  const others = found.filter(request => request.seq !== seq);
  const sample = others.find(({ interest }) => interest === "sample");
  return sample ?? others.sort((one, other) => one.took_us - other.took_us)[0];
}
