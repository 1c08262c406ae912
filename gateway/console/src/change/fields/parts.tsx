/** Editors of values with parts: groups, lists of groups, and what is only shown. */
import { Button, Tag } from "../../ui/parts";
import { pathText, steps, type Step } from "../draft";
import { Place } from "../place";
import { canGrow, fieldsOf, itemOf, type Field } from "../schema";
import { label, oneOf, singular } from "../words";
import { useEditing, useField, type FieldProps } from "./context";
import {
  BooleanField,
  DurationField,
  EnumField,
  NumberField,
  TextField,
  TextsField,
} from "./plain";
import { Doc } from "./row";
import { WeightField } from "./weight";

export function AnyField(props: FieldProps) {
  switch (props.field.kind) {
    case "boolean":
      return <BooleanField {...props} />;
    case "duration":
      return <DurationField {...props} />;
    case "enum":
      return <EnumField {...props} />;
    case "fixed":
      return props.isNew ? <NewFixed {...props} /> : <Fixed {...props} />;
    case "list":
      return <List {...props} />;
    case "number":
      return <NumberField {...props} />;
    case "object":
      return <Group {...props} />;
    case "text":
      return <TextField {...props} />;
    case "texts":
      return <TextsField {...props} />;
    case "weight":
      return <WeightField {...props} />;
  }
}

/** The fields of an object, without those that stand elsewhere. */
export function Fields({ field, path, isNew, but }: FieldProps & { but?: string | null }) {
  const { schema, hidden } = useEditing();
  return (
    <>
      {fieldsOf(schema, field)
        .filter(({ key }) => key !== but && !hidden.has(key))
        .map(below => (
          <AnyField key={below.key} field={below} path={[...path, below.key]} isNew={!!isNew} />
        ))}
    </>
  );
}

function Group(props: FieldProps) {
  const { field, path, isNew } = props;
  const { value, was, isChanged, set } = useField(props);
  const { holds } = useEditing();
  const start = `${pathText(path)}.`;
  const isThere = value !== undefined || (was === undefined && anyBelow(holds, start));
  const name = label(field.key);
  if (!isThere)
    return (
      <div class={`change-row ${isChanged ? "changed" : ""}`}>
        <span class="change-label">{name}</span>
        <div class="change-control">
          <Button onClick={() => set(was ?? {})} aria-label={`Add: ${name}`}>
            {isChanged ? "Keep it" : "Add"}
          </Button>
          <Doc text={field.doc} />
        </div>
        <div class="change-origin">{isChanged && <Tag look="warn">goes</Tag>}</div>
      </div>
    );
  return (
    <fieldset class={`change-group ${isChanged ? "changed" : ""}`}>
      <legend>{name}</legend>
      <div class="change-group-tools">
        <Doc text={field.doc} />
        {value !== undefined && !field.isRequired && (
          <Button look="quiet" onClick={() => set(undefined)} aria-label={`Remove: ${name}`}>
            Remove
          </Button>
        )}
      </div>
      <Fields {...props} isNew={isNew || was === undefined} />
    </fieldset>
  );
}

function anyBelow(holds: Map<string, unknown>, start: string): boolean {
  return [...holds.keys()].some(path => path.startsWith(start));
}

function List(props: FieldProps) {
  const { field, path } = props;
  const { schema } = useEditing();
  const { value, was, set } = useField(props);
  const items = Array.isArray(value) ? value : [];
  const old = Array.isArray(was) ? was.length : 0;
  const grows = canGrow(schema, field);
  const left = items.filter(item => item !== null).length;
  const item = itemOf(schema, field);
  return (
    <div class="change-list">
      {items.map((_, at) => (
        <Item
          key={at}
          field={item}
          path={[...path, at]}
          of={field}
          isNew={at >= old}
          // What is new and goes leaves no trace; what was there keeps its place.
          remove={
            grows && (left > field.minItems || at >= old)
              ? () => set(at >= old ? items.toSpliced(at, 1) : items.with(at, null))
              : null
          }
        />
      ))}
      {grows && <Button onClick={() => set([...items, {}])}>Add {oneOf(field.key)}</Button>}
    </div>
  );
}

type ItemProps = FieldProps & { of: Field; remove: (() => void) | null };

function Item({ field, path, of, isNew, remove }: ItemProps) {
  const { value, was, isChanged, set, holds } = useField({ path });
  const { holds: all } = useEditing();
  const name = nameOf(was ?? value, field, path, of);
  const identity = field.identity ? all.get(pathText([...path, field.identity])) : holds;
  if (value === null)
    return (
      <div class="change-gone">
        <s>{name}</s> <Tag look="warn">goes</Tag>
        <Button look="quiet" onClick={() => was !== undefined && set(was)}>
          Keep it
        </Button>
      </div>
    );
  return (
    <fieldset class={`change-group ${isNew || isChanged ? "changed" : ""}`}>
      <legend>
        {name} {isNew && <Tag look="warn">new</Tag>}{" "}
        {identity?.origin === "written" && <Place source={identity.source} line={identity.line} />}
      </legend>
      <div class="change-group-tools">
        {remove && (
          <Button look="quiet" onClick={remove} aria-label={`Remove ${name}`}>
            Remove
          </Button>
        )}
      </div>
      <Fields field={field} path={path} isNew={!!isNew} but={isNew ? null : field.identity} />
    </fieldset>
  );
}

function nameOf(item: unknown, field: Field, path: Step[], of: Field): string {
  const kind = label(singular(of.key));
  const own = field.identity ? (item as Record<string, unknown> | undefined)?.[field.identity] : "";
  return own ? `${kind} ${String(own)}` : `${kind} ${Number(path.at(-1)) + 1}`;
}

/** The name of a new item is typed here; the rest of what is fixed is written in the text. */
function NewFixed(props: FieldProps) {
  if (props.field.key !== "name") return null;
  return <TextField {...props} />;
}

/** The most values shown of what is edited elsewhere. */
const MOST = 8;

function Fixed({ field, path }: FieldProps) {
  const { holds: all } = useEditing();
  const own = pathText(path);
  const found = [...all.values()].filter(({ path: text }) => {
    const there = pathText(steps(text));
    return there === own || there.startsWith(`${own}.`) || there.startsWith(`${own}[`);
  });
  const shown = found.filter(one => one.path === own || one.origin === "written");
  const first = shown.find(({ origin }) => origin === "written");
  if (shown.length === 0) return null;
  return (
    <div class="change-row">
      <span class="change-label">{label(field.key)}</span>
      <div class="change-control">
        <ul class="change-fixed">
          {shown.slice(0, MOST).map(({ path: text, value }) => (
            <li key={text}>
              {text !== own && (
                <span class="lead">{text.slice(own.length).replace(/^\./, "")} </span>
              )}
              {value}
            </li>
          ))}
          {shown.length > MOST && <li class="lead">and {shown.length - MOST} more</li>}
        </ul>
      </div>
      <div class="change-origin">
        {first ? <Place source={first.source} line={first.line} /> : <span>default</span>}
      </div>
    </div>
  );
}
