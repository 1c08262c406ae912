/** Which configuration runs, since when, by whom; and whether the newest one was refused. */
import { get } from "../api/client";
import type { Configuration, Generation, Overview } from "../api/types";
import { ago, milliseconds } from "../ui/format";
import { useLoad } from "../ui/load";
import { HealthMark, Panel } from "../ui/parts";
import { Words } from "../ui/words";

export function Running({ now }: { now: Overview }) {
  const { data } = useLoad("configuration", () => get<Configuration>("/api/v1/configuration"));
  const { generation, applied_ms, took_ms, source } = now;
  return (
    <Panel title="Configuration" tools={<a href="#/configuration">Timeline</a>}>
      <div class="running-now">
        <p>
          {generation === null ? (
            "No generation serves yet."
          ) : (
            <>
              <b>Generation {generation}</b>, applied{" "}
              {applied_ms === null ? "" : ago(applied_ms, now.now_ms)}
              {took_ms !== null && <> in {milliseconds(took_ms)}</>}
            </>
          )}
          {data?.running && <By running={data.running} />}
        </p>
        {data?.rejected && (
          <p>
            <HealthMark health="warn" /> A later one was refused{" "}
            {ago(Date.parse(data.rejected.at), now.now_ms)}:{" "}
            <Words text={data.rejected.diagnostics[0]?.message ?? "see the timeline"} />.{" "}
            <a href="#/configuration">Show why</a>
          </p>
        )}
        <p class="lead">
          Read from <code>{source.path}</code>
          {source.writable ? (
            ", which the console can write."
          ) : (
            <>
              , which the console cannot write: <Words text={source.why_not ?? "no permission"} />.
            </>
          )}
        </p>
        {data !== null && data.held.length > 0 && (
          <p>
            <HealthMark health="off" />{" "}
            {data.held.length === 1 ? "One change is" : `${data.held.length} changes are`} held in
            the gateway only. <a href="#/configuration">Show</a>
          </p>
        )}
      </div>
    </Panel>
  );
}

const ORIGINS: Record<string, string> = {
  start: "when the gateway started",
  file: "because its file changed",
  admin: "over the admin API",
  signal: "by a signal",
  module: "because a plugin's module changed",
};

function By({ running: { origin, author, reason } }: { running: Generation }) {
  return (
    <>
      {" "}
      {ORIGINS[origin] ?? `(${origin})`}
      {author && <> by {author}</>}
      {reason && <>: “{reason}”</>}.
    </>
  );
}
