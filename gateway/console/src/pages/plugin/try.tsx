/** A plugin on a request that was kept: what it would do, without doing it to anybody. */
import { useEffect, useState } from "preact/hooks";

import { post } from "../../api/client";
import type { Plugin, Tried } from "../../api/types";
import { part } from "../../location";
import { Button, Panel, Problem } from "../../ui/parts";
import { TriedView } from "./tried";

interface TryProps {
  plugin: Plugin;
  /** A kept request, from the address. */
  seq: string | null;
  draft: { value: unknown } | null;
}

export function Try({ plugin: { name }, seq, draft }: TryProps) {
  const [number, write] = useState(seq ?? "");
  const [withDraft, choose] = useState(true);
  const [tried, keep] = useState<Tried | null>(null);
  const [error, fail] = useState<unknown>(null);
  const [busy, wait] = useState(false);
  const run = async () => {
    wait(true);
    fail(null);
    try {
      const own = number.trim() === "" ? {} : { seq: Number(number) };
      const configuration = draft && withDraft ? { configuration: draft.value ?? "" } : {};
      const body = { ...own, ...configuration };
      keep(await post<Tried>(`/api/v1/plugins/${part(name)}/try`, body));
    } catch (refused) {
      keep(null);
      fail(refused);
    } finally {
      wait(false);
    }
  };
  useEffect(() => {
    if (seq !== null) void run();
  }, [seq]);
  return (
    <Panel title="Try it on a request">
      <p class="lead">
        Runs it again on the head of a request that was kept, and shows what it does. Nobody is
        called and nothing is sent.
      </p>
      <form
        class="tools try"
        onSubmit={event => {
          event.preventDefault();
          void run();
        }}>
        <label for="try">Request</label>
        <input
          id="try"
          inputMode="numeric"
          pattern="\d*"
          value={number}
          placeholder="the last that met it"
          autocomplete="off"
          onInput={event => write(event.currentTarget.value)}
        />
        {draft && (
          <label>
            <input
              type="checkbox"
              checked={withDraft}
              onChange={event => choose(event.currentTarget.checked)}
            />{" "}
            with the configuration that is not applied yet
          </label>
        )}
        <Button type="submit" disabled={busy}>
          {busy ? "Running …" : number ? "Run against it" : "Run against the last request"}
        </Button>
      </form>
      {error !== null && <Problem error={error} />}
      {tried && <TriedView tried={tried} />}
    </Panel>
  );
}
