/** A new module: for a share of the requests first, or instead of the one that serves. */
import { useState } from "preact/hooks";

import { call } from "../../api/client";
import type { Applied, Plugin } from "../../api/types";
import { announce } from "../../change/apply";
import { part } from "../../location";
import { bytes } from "../../ui/format";
import { Button, Panel, Problem } from "../../ui/parts";

export function Upload({ plugin }: { plugin: Plugin }) {
  const [file, pick] = useState<File | null>(null);
  const [isOver, over] = useState(false);
  const [turn, next] = useState(0);
  const done = () => {
    pick(null);
    // An input of files cannot be emptied, only replaced.
    next(turn + 1);
  };
  return (
    <Panel title="Bring a new module">
      <div
        class={isOver ? "module-drop over" : "module-drop"}
        onDragOver={event => {
          event.preventDefault();
          over(true);
        }}
        onDragLeave={() => over(false)}
        onDrop={event => {
          event.preventDefault();
          over(false);
          pick(event.dataTransfer?.files[0] ?? null);
        }}>
        <label for="module">A .wasm file, dropped here or chosen:</label>
        <input
          key={turn}
          id="module"
          type="file"
          accept=".wasm,application/wasm"
          onChange={event => pick(event.currentTarget.files?.[0] ?? null)}
        />
        {file && (
          <p>
            <b>{file.name}</b>, {bytes(file.size)}
          </p>
        )}
      </div>
      {file && <Send key={file.name} plugin={plugin} file={file} done={done} />}
    </Panel>
  );
}

function uploadWords(name: string, as: "canary" | "main", percent: number): string {
  return as === "main" ? `New module of ${name}` : `Canary of ${name} at ${percent} %`;
}

function Send({ plugin: { name }, file, done }: { plugin: Plugin; file: File; done: () => void }) {
  const [as, choose] = useState<"canary" | "main">("canary");
  const [percent, share] = useState(10);
  const [reason, say] = useState("");
  const [busy, wait] = useState(false);
  const [error, fail] = useState<unknown>(null);
  const send = async () => {
    wait(true);
    fail(null);
    const query = new URLSearchParams({ as, ...(as === "canary" && { percent: String(percent) }) });
    if (reason.trim()) query.set("reason", reason.trim());
    try {
      const path = `/api/v1/plugins/${part(name)}/module?${query}`;
      announce(await call<Applied>("POST", path, file), uploadWords(name, as, percent));
      done();
    } catch (refused) {
      fail(refused);
    } finally {
      wait(false);
    }
  };
  return (
    <form
      class="upload"
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}>
      <fieldset>
        <legend>What it becomes</legend>
        <label>
          <input
            type="radio"
            name="as"
            checked={as === "canary"}
            onChange={() => choose("canary")}
          />{" "}
          a canary, for
        </label>{" "}
        <input
          type="number"
          aria-label="Percent of the requests"
          min={0}
          max={100}
          value={percent}
          disabled={as !== "canary"}
          onInput={event => share(event.currentTarget.valueAsNumber || 0)}
        />{" "}
        % of the requests
        <br />
        <label>
          <input type="radio" name="as" checked={as === "main"} onChange={() => choose("main")} />{" "}
          the plugin's module, for all requests
        </label>
      </fieldset>
      <label for="module-reason">Reason</label>
      <input
        id="module-reason"
        type="text"
        maxLength={500}
        autocomplete="off"
        placeholder="for the timeline and the audit log"
        value={reason}
        onInput={event => say(event.currentTarget.value)}
      />
      {error !== null && <Problem error={error} />}
      <div class="tools">
        <Button type="submit" look="primary" disabled={busy}>
          {busy ? "Checking and applying …" : "Upload and apply"}
        </Button>
      </div>
      <p class="lead">
        The gateway compiles and starts it before anything changes. The file is stored beside the
        configuration.
      </p>
    </form>
  );
}
