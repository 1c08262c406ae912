/** One plugin: what it is and may do, where it runs, what it costs and says, and changes of it. */
import { useState } from "preact/hooks";

import { get } from "../api/client";
import { mayChange } from "../api/session";
import type { Plugin as About } from "../api/types";
import { part } from "../location";
import type { PageProps } from "../pages";
import { useLoad } from "../ui/load";
import { HealthMark, Loading, Page, Panel, Problem } from "../ui/parts";
import { Words } from "../ui/words";
import { Capabilities, Limits } from "./plugin/abilities";
import { Canary } from "./plugin/canary";
import { Configured } from "./plugin/configured";
import { Facts } from "./plugin/about";
import { healthOf } from "./plugin/facts";
import { Log } from "./plugin/log";
import { Places } from "./plugin/places";
import { Try } from "./plugin/try";
import { Upload } from "./plugin/upload";
import { Versions } from "./plugin/versions";
import "./plugin.css";

const EVERY_MS = 2_000;

export function Plugin({ args: [name = ""], query }: PageProps) {
  const read = () => get<About>(`/api/v1/plugins/${part(name)}`);
  const { data, error, again } = useLoad(`plugin ${name}`, read, EVERY_MS);
  return (
    <Page title={name} lead={<a href="#/plugins">All plugins</a>}>
      {error !== null && <Problem error={error} retry={again} />}
      {data ? (
        <Whole key={name} plugin={data} seq={query.get("try")} />
      ) : (
        error === null && <Loading what="Reading the plugin" />
      )}
    </Page>
  );
}

function Whole({ plugin, seq }: { plugin: About; seq: string | null }) {
  /** What the reader has written but not applied. */
  const [draft, keep] = useState<{ value: unknown } | null>(null);
  const { health, words } = healthOf(plugin);
  const trial = mayChange.value && <Try plugin={plugin} seq={seq} draft={draft} />;
  return (
    <>
      <Panel>
        <p class="plugin-state">
          <HealthMark health={health} label={words} />{" "}
          {plugin.trouble && <Words text={plugin.trouble} />}
        </p>
        <Facts plugin={plugin} />
      </Panel>
      {seq !== null && trial}
      {plugin.canary && <Canary plugin={plugin} canary={plugin.canary} />}
      <Versions versions={plugin.versions} />
      <Places plugin={plugin} />
      <div class="plugin-pair">
        {mayChange.value && <Configured plugin={plugin} draft={keep} />}
        <div class="plugin-column">
          <Log name={plugin.name} />
          {seq === null && trial}
        </div>
      </div>
      {mayChange.value && <Upload plugin={plugin} />}
      <div class="plugin-pair">
        <Capabilities plugin={plugin} />
        <Limits plugin={plugin} />
      </div>
    </>
  );
}
