/** A new module that takes a share of the requests: how it stands, and what becomes of it. */
import { useState } from "preact/hooks";

import { post } from "../../api/client";
import { mayChange } from "../../api/session";
import type { Plugin } from "../../api/types";
import { propose } from "../../change/propose";
import { part } from "../../location";
import { count, share as percentOf } from "../../ui/format";
import { Button, Dialog, Panel, Problem } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Words } from "../../ui/words";
import { adopted, share, withoutCanary } from "./edits";
import { short } from "./facts";
import { findWritten } from "./written";

type Of = { plugin: Plugin; canary: NonNullable<Plugin["canary"]> };

export function Canary({ plugin, canary, again }: Of & { again: () => void }) {
  const [decision, decide] = useState<"promote" | "rollback" | null>(null);
  const { percent, requests, failures, stands, digest } = canary;
  return (
    <Panel title="Canary">
      <p>
        <code title={digest}>{short(digest)}</code> takes <b>{percent} %</b> of the requests;{" "}
        <Words text={stands} />. {count(requests)} have met it, {count(failures)} failed (
        {percentOf(requests ? failures / requests : null)}).
      </p>
      {mayChange.value && (
        <>
          <Share plugin={plugin} canary={canary} />
          <div class="tools">
            <Button look="primary" onClick={() => decide("promote")}>
              Promote
            </Button>
            <Button look="danger" onClick={() => decide("rollback")}>
              Roll back
            </Button>
            <Adopt plugin={plugin} />
            <Button
              onClick={() =>
                propose({
                  title: `Remove the canary of ${plugin.name}`,
                  change: { edits: withoutCanary(plugin) },
                  reason: `no canary of ${plugin.name}`,
                })
              }>
              Remove it
            </Button>
          </div>
        </>
      )}
      {decision && (
        <Decide
          name={plugin.name}
          decision={decision}
          close={() => decide(null)}
          done={() => {
            decide(null);
            again();
          }}
        />
      )}
    </Panel>
  );
}

function Share({ plugin, canary }: Of) {
  const [wanted, want] = useState(canary.percent);
  return (
    <div class="share">
      <label for="share">Its share</label>
      <input
        id="share"
        type="range"
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
function Adopt({ plugin }: { plugin: Plugin }) {
  const adopt = async () => {
    try {
      const edits = adopted(plugin, (await findWritten(plugin.name)).fields);
      if (!edits) return toast("warn", "What is written does not say where the module comes from.");
      propose({
        title: `Keep the canary's module for ${plugin.name}`,
        change: { edits },
        reason: `${plugin.name}: the canary is good`,
      });
    } catch (error) {
      toast("bad", (error as Error).message);
    }
  };
  return <Button onClick={() => void adopt()}>Make it the plugin's own</Button>;
}

const WORDS = {
  promote: {
    title: "Promote the canary",
    what: "Every request goes to the canary's module from now on, until the configuration names another one. The configuration itself does not change; “Make it the plugin's own” does that.",
    button: "Promote",
    done: "The canary takes every request",
  },
  rollback: {
    title: "Roll back the canary",
    what: "No request goes to the canary's module any more. It stays in the configuration, without requests.",
    button: "Roll back",
    done: "The canary takes no requests",
  },
};

interface DecideProps {
  name: string;
  decision: keyof typeof WORDS;
  close: () => void;
  done: () => void;
}

function Decide({ name, decision, close, done }: DecideProps) {
  const [error, fail] = useState<unknown>(null);
  const { title, what, button, done: said } = WORDS[decision];
  const send = () =>
    post(`/api/v1/plugins/${part(name)}/${decision}`).then(() => {
      toast("good", said);
      done();
    }, fail);
  return (
    <Dialog title={title} close={close}>
      <p>{what}</p>
      {error !== null && <Problem error={error} />}
      <div class="tools decide">
        <Button look="primary" onClick={() => void send()}>
          {button}
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </Dialog>
  );
}
