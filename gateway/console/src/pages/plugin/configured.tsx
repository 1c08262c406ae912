/** A plugin's configuration: a form where its module brings a schema, text otherwise. */
import { useState } from "preact/hooks";

import { get } from "../../api/client";
import type { Edit, Plugin, PluginConfiguration } from "../../api/types";
import { propose } from "../../change/propose";
import { go, href, part } from "../../location";
import { useLoad } from "../../ui/load";
import { Button, Loading, Panel, Problem } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { FormFields } from "./form-fields";
import { fieldsOf, readText, textOf } from "./form";
import { findWritten } from "./written";

type Draft = (draft: { value: unknown } | null) => void;

export function Configured({ plugin, draft }: { plugin: Plugin; draft: Draft }) {
  const { name } = plugin;
  const read = () => get<PluginConfiguration>(`/api/v1/plugins/${part(name)}/configuration`);
  const { data, error, again } = useLoad(`configuration of ${name}`, read);
  return (
    <Panel title="Its configuration" tools={<InYaml name={name} />}>
      {error !== null && <Problem error={error} retry={again} />}
      {data ? (
        <Editor key={JSON.stringify(data.value)} plugin={plugin} was={data} draft={draft} />
      ) : (
        error === null && <Loading what="Reading it" />
      )}
    </Panel>
  );
}

/** The place in the text, for whoever wants to write YAML. */
function InYaml({ name }: { name: string }) {
  const open = () =>
    findWritten(name).then(
      ({ source, line }) => go(href("/configuration/editor", { source, line: String(line) })),
      (error: Error) => toast("bad", error.message),
    );
  return <Button onClick={() => void open()}>Edit as YAML</Button>;
}

function Editor(props: { plugin: Plugin; was: PluginConfiguration; draft: Draft }) {
  const { plugin, was, draft } = props;
  const fields = plugin.schema && fieldsOf(plugin.schema);
  const [text, write] = useState(textOf(was.value));
  const [asText, choose] = useState(!fields);
  const read = readText(text);
  const isChanged = text !== textOf(was.value);
  const change = (next: string) => {
    write(next);
    const value = readText(next);
    draft(next !== textOf(was.value) && "value" in value ? { value: value.value } : null);
  };
  return (
    <div class="configured">
      {fields && (
        <div class="tools" role="group" aria-label="How to write it">
          <Button aria-pressed={!asText} disabled={"error" in read} onClick={() => choose(false)}>
            Form
          </Button>
          <Button aria-pressed={asText} onClick={() => choose(true)}>
            Text
          </Button>
        </div>
      )}
      {fields && !asText && "value" in read ? (
        <FormFields fields={fields} value={read.value} change={value => change(textOf(value))} />
      ) : (
        <TextField text={text} change={change} error={"error" in read ? read.error : null} />
      )}
      <div class="tools">
        <Button
          look="primary"
          disabled={!isChanged || "error" in read}
          onClick={() => "value" in read && review(plugin, was, read.value)}>
          Review and apply
        </Button>
        <Button disabled={!isChanged} onClick={() => change(textOf(was.value))}>
          Discard
        </Button>
      </div>
    </div>
  );
}

function TextField(props: { text: string; change: (text: string) => void; error: string | null }) {
  const { text, change, error } = props;
  return (
    <>
      <label for="configuration">JSON, or plain text; empty for none</label>
      <textarea
        id="configuration"
        class="code-field"
        rows={Math.min(18, Math.max(6, text.split("\n").length + 1))}
        spellcheck={false}
        value={text}
        aria-invalid={error !== null}
        aria-describedby="configuration-error"
        onInput={event => change(event.currentTarget.value)}
      />
      <p id="configuration-error" class="field-error" role="status">
        {error}
      </p>
    </>
  );
}

function review(plugin: Plugin, { path }: PluginConfiguration, value: unknown): void {
  const edit: Edit = value === undefined ? { op: "remove", path } : { op: "set", path, value };
  propose({
    title: `Configure ${plugin.name}`,
    change: { edits: [edit] },
    reason: `configuration of ${plugin.name}`,
  });
}
