/** Who has changed something, or tried to. For operators. */
import { get } from "../api/client";
import { mayChange, session } from "../api/session";
import type { Audit as Log, AuditEntry } from "../api/types";
import { ago } from "../ui/format";
import { useLoad } from "../ui/load";
import { useNow } from "../ui/now";
import { Empty, HealthMark, Loading, Page, Panel, Problem } from "../ui/parts";
import { Words } from "../ui/words";
import "./audit.css";

const EVERY_MS = 5_000;
const MOST = "200";

export function Audit() {
  return (
    <Page
      title="Audit log"
      lead={
        <>
          Everything that somebody changed over the admin API, or tried to, the newest first.{" "}
          <a href="#/configuration">Timeline</a>
        </>
      }>
      {mayChange.value ? <Entries /> : <NotAllowed />}
    </Page>
  );
}

function NotAllowed() {
  return (
    <Empty title="Only operators see the audit log">
      <p>
        You are {session.value?.role === "viewer" ? "a viewer" : "not signed in"}.{" "}
        <Words text={session.value?.hint ?? ""} />
      </p>
      <a class="button" href="#/sign-in">
        Sign in as an operator
      </a>
    </Empty>
  );
}

function Entries() {
  const read = () => get<Log>("/api/v1/audit", { limit: MOST });
  const { data, error, again } = useLoad("audit", read, EVERY_MS);
  if (error !== null && !data) return <Problem error={error} retry={again} />;
  if (!data) return <Loading what="Reading the audit log" />;
  if (data.entries.length === 0)
    return (
      <Empty title="Nobody has changed anything since the gateway started">
        <p>
          What is done over the console or the admin API is listed here. To keep it across restarts,
          start the gateway with <code>--audit-log FILE</code>.
        </p>
      </Empty>
    );
  return (
    <Panel>
      <div class="audit-scroll" tabIndex={0} role="region" aria-label="Audit log">
        <table class="audit">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">From</th>
              <th scope="col">What</th>
              <th scope="col">Reason</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {data.entries.map((entry, at) => (
              <Row key={`${entry.at_ms} ${at}`} entry={entry} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({
  entry: { at_ms, who, role, from, action, reason, status, outcome },
}: {
  entry: AuditEntry;
}) {
  const now = useNow(10_000);
  const isGood = status < 400;
  const generation = /^generation (\d+)$/.exec(outcome)?.[1];
  return (
    <tr>
      <td class="nowrap">
        <time dateTime={new Date(at_ms).toISOString()} title={ago(at_ms, now)}>
          {new Date(at_ms).toLocaleString([], { hour12: false })}
        </time>
      </td>
      <td>
        {who} <span class="lead">{role}</span>
      </td>
      <td class="nowrap">{from}</td>
      <td>
        <Words text={action} />
      </td>
      <td>{reason ? <Words text={reason} /> : "–"}</td>
      <td>
        <HealthMark health={isGood ? "good" : "bad"} label={String(status)} />{" "}
        {generation ? (
          <a href={`#/configuration/${generation}`}>{outcome}</a>
        ) : (
          <Words text={outcome} />
        )}
      </td>
    </tr>
  );
}
