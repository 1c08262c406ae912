/** A new module that takes a share of the requests: how it stands, and what becomes of it. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import type { Plugin } from "../../api/types";
import { propose } from "../../change/propose";
import { count, share as percentOf } from "../../ui/format";
import { Button, HealthMark, Panel } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Words } from "../../ui/words";
import { adopted, share, withoutCanary } from "./edits";
import { decisionOf, short } from "./facts";
import { findWritten } from "./written";

type Of = { plugin: Plugin; canary: NonNullable<Plugin["canary"]> };

export function Canary({ plugin, canary }: Of) {
  const { percent, requests, failures, stands, digest } = canary;
  const decision = decisionOf(stands);
  return (
    <Panel title="Canary">
      <p>
        <code title={digest}>{short(digest)}</code> takes <b>{percent} %</b> of the requests.{" "}
        {count(requests)} have met it, {count(failures)} failed (
        {percentOf(requests ? failures / requests : null)}).
      </p>
      {decision !== null && (
        <p>
          <HealthMark health="warn" /> <Words text={decision} /> A share that is set has no effect
          until the canary is removed, or is another module.
        </p>
      )}
      {mayChange.value && (
        <>
          {decision === null && <Share key={percent} plugin={plugin} canary={canary} />}
          <div class="tools">
            <Promote plugin={plugin} />
            <Button
              look="danger"
              onClick={() =>
                propose({
                  title: `Roll back the canary of ${plugin.name}`,
                  change: { edits: withoutCanary(plugin) },
                  reason: `no canary of ${plugin.name}`,
                })
              }>
              Roll back …
            </Button>
          </div>
        </>
      )}
    </Panel>
  );
}

function Share({ plugin, canary }: Of) {
  const [wanted, want] = useState(canary.percent);
  return (
    <div class="share">
      <label for="share">Share of the requests</label>
      <input
        id="share"
        type="range"
        aria-label={`Share of the requests, canary of ${plugin.name}`}
        aria-valuetext={`${wanted} %`}
        min={0}
        max={100}
        value={wanted}
        onInput={event => want(event.currentTarget.valueAsNumber)}
      />
      <output for="share">{wanted} %</output>
      <Button
        disabled={wanted === canary.percent}
        onClick={() =>
          propose({
            title: `Give the canary of ${plugin.name} ${wanted} %`,
            change: { edits: share(plugin, wanted) },
            reason: `canary of ${plugin.name} at ${wanted} %`,
          })
        }>
        Set
      </Button>
    </div>
  );
}

/** Where the canary is the better one, its module becomes the plugin's own in the configuration. */
function Promote({ plugin }: { plugin: Plugin }) {
  const promote = async () => {
    try {
      const edits = adopted(plugin, (await findWritten(plugin.name)).fields);
      if (!edits) return toast("warn", "What is written does not say where the module comes from.");
      propose({
        title: `Promote the canary of ${plugin.name}`,
        change: { edits },
        reason: `${plugin.name}: the canary is good`,
      });
    } catch (error) {
      toast("bad", (error as Error).message);
    }
  };
  return (
    <Button look="primary" onClick={() => void promote()}>
      Promote …
    </Button>
  );
}
