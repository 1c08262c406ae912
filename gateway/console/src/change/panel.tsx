/**
 * What holds for a service or a route, where that is written, and editors for what can be changed
 * here. Changes are collected and proposed together.
 */
import { useEffect, useMemo, useState } from "preact/hooks";

import { get } from "../api/client";
import type { Effective, Schema } from "../api/types";
import { part } from "../location";
import { plural } from "../ui/format";
import { useLoad } from "../ui/load";
import { Button, Loading, Panel, Problem } from "../ui/parts";
import { countWrong } from "./check";
import { byPath, changed, editsOf, written, type Step, type Value } from "./draft";
import { Context, type Editing } from "./fields/context";
import { Fields } from "./fields/parts";
import { Place } from "./place";
import { propose } from "./propose";
import { form } from "./schema";
import { inWords, label } from "./words";
import "./panel.css";

type Kind = Effective["kind"];

/** Changed by a button of their own. */
const ELSEWHERE = new Set(["suspended"]);

export function effectiveOf(kind: Kind, name: string): Promise<Effective> {
  return get<Effective>("/api/v1/configuration/effective", { of: `${kind}:${name}` });
}

export function ChangePanel({ kind, name }: { kind: Kind; name: string }) {
  const schema = useLoad("schema", () => get<Schema>("/api/v1/schema"));
  const effective = useLoad(`effective ${kind}:${part(name)}`, () => effectiveOf(kind, name));
  const error = schema.error ?? effective.error;
  return (
    <Panel
      title="Configuration"
      class="change-panel"
      tools={effective.data && <Place source={effective.data.source} line={effective.data.line} />}>
      {schema.data && effective.data ? (
        <Form key={`${kind}:${name}`} schema={schema.data} effective={effective.data} />
      ) : error !== null ? (
        <Problem error={error} retry={effective.again} />
      ) : (
        <Loading what="Reading the configuration" />
      )}
    </Panel>
  );
}

function Form({ schema, effective: newest }: { schema: Schema; effective: Effective }) {
  const [effective, take] = useState(newest);
  const before = useMemo(() => written(effective), [effective]);
  const [after, edit] = useState<Value>(before);
  const field = useMemo(() => form(schema, label(effective.kind)), [schema, effective.kind]);
  const holds = useMemo(() => byPath(effective), [effective]);
  const edits = editsOf(schema, field, effective.path, before, after);
  const start = () => {
    take(newest);
    edit(written(newest));
  };
  // What has been typed is kept when somebody else changes something.
  useEffect(() => {
    if (edits.length === 0 && newest !== effective) start();
  }, [newest]);
  const editing: Editing = {
    id: `${effective.kind}-${effective.name}`,
    schema,
    holds,
    before,
    after,
    change: (path: Step[], value) => edit(now => changed(now, path, value)),
    hidden: ELSEWHERE,
  };
  const review = () => {
    const { kind, name } = effective;
    const words = inWords(edits);
    propose({
      title: `Change ${kind} ${name}`,
      change: { edits },
      reason: `${name}: ${words}`.slice(0, 200),
      // The gateway answers with what is written now.
      done: () => edit(before),
    });
  };
  return (
    <Context.Provider value={editing}>
      <Fields field={field} path={[]} but="name" />
      <Review
        count={edits.length}
        wrong={countWrong(schema, field, after, before)}
        isOld={newest.generation !== effective.generation}
        review={review}
        discard={start}
      />
    </Context.Provider>
  );
}

interface ReviewProps {
  count: number;
  wrong: number;
  isOld: boolean;
  review: () => void;
  discard: () => void;
}

function Review({ count, wrong, isOld, review, discard }: ReviewProps) {
  if (count === 0 && wrong === 0) return null;
  return (
    <div class="change-review">
      <span role="status">
        {plural(count, "change")} not applied yet
        {wrong > 0 && `; ${plural(wrong, "field is", "fields are")} not right`}
        {isOld && "; the configuration has changed meanwhile"}
      </span>
      <div class="tools">
        <Button look="primary" disabled={wrong > 0 || count === 0} onClick={review}>
          Review change …
        </Button>
        <Button onClick={discard}>Discard</Button>
      </div>
    </div>
  );
}
