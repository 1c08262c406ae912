/** Is it up, where, how is it doing, and what needs somebody. */
import { isStale, overview } from "../api/stream";
import type { Overview as State } from "../api/types";
import { Addresses } from "../overview/addresses";
import { AttentionList } from "../overview/attention";
import { Charts } from "../overview/charts";
import { Latest } from "../overview/latest";
import { Ranking } from "../overview/ranking";
import { Running } from "../overview/running";
import { ago } from "../ui/format";
import { HealthMark, Loading, Page, type Health } from "../ui/parts";
import "./overview.css";

export function Overview() {
  const now = overview.value;
  if (!now)
    return (
      <Page title="Overview">
        <Loading what="Asking the gateway" />
      </Page>
    );
  return (
    <Page title="Overview" lead={<Up now={now} />}>
      <div class="overview">
        <AttentionList now={now} />
        <Charts now={now} />
        <Addresses now={now} />
        <Running now={now} />
        <Ranking />
        <Latest />
      </div>
    </Page>
  );
}

const STATES: Record<State["state"], { health: Health; words: string }> = {
  starting: { health: "warn", words: "The gateway starts; it serves nothing yet" },
  serving: { health: "good", words: "The gateway is up" },
  draining: {
    health: "warn",
    words: "The gateway ends: it finishes what runs and takes nothing new",
  },
};

const SILENT = { health: "warn" as Health, words: "The gateway does not answer; it was last seen" };

function Up({ now: { state, started_ms, now_ms, version, addresses } }: { now: State }) {
  const url = addresses.find(address => address.url)?.url;
  const { health, words } = isStale.value ? SILENT : STATES[state];
  return (
    <>
      <HealthMark health={health} label={words} />
      {state === "serving" && url && (
        <>
          {" "}
          at{" "}
          <a href={url} target="_blank" rel="noreferrer">
            {url}
          </a>
        </>
      )}
      {state === "serving" && <>, started {ago(started_ms, now_ms)}</>} · version {version}
    </>
  );
}
