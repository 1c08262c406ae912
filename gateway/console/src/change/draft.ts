/**
 * What is written of an item, as data that can be edited, and the edits that make one from the
 * other. In an edited list every item that was there keeps its place: `null` is one that goes, and
 * new ones come behind. So an item is told apart from its neighbours without a name.
 */
import type { Edit, Effective, EffectiveField, Path, Schema } from "../api/types";
import { fieldsOf, itemOf, type Field } from "./schema";

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** Where the gateway keeps a value to itself. */
export const REDACTED = "[redacted]";

export type Step = string | number;

/** `rules[0].backends[1].weight` as steps. */
export function steps(path: string): Step[] {
  const found: Step[] = [];
  for (const [, index, quoted, key] of path.matchAll(
    /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g,
  )) {
    if (index !== undefined) found.push(Number(index));
    else if (quoted !== undefined) found.push(JSON.parse(quoted) as string);
    else if (key !== undefined) found.push(key);
  }
  return found;
}

/** The other way round. */
export function pathText(path: Step[]): string {
  return path
    .map((step, at) =>
      typeof step === "number"
        ? `[${step}]`
        : /^[\w-]+$/.test(step)
          ? `${at ? "." : ""}${step}`
          : `[${JSON.stringify(step)}]`,
    )
    .join("");
}

/** The written part of an item. Lists of objects are there as far as something in them is shown. */
export function written(effective: Effective): Value {
  const root: Record<string, Value> = {};
  for (const field of effective.fields) {
    const path = steps(field.path);
    if (path.length === 0 || field.path === "…") continue;
    // The default of an item's field says that the item is there.
    const isThere = field.origin === "written";
    const upTo = isThere ? path.length : lastIndex(path) + 1;
    if (upTo > 0) put(root, path.slice(0, upTo), isThere ? parseInline(field.value) : {});
  }
  return root;
}

function lastIndex(path: Step[]): number {
  return path.findLastIndex(step => typeof step === "number");
}

function put(root: Value, path: Step[], value: Value): void {
  let at = root as Record<Step, Value>;
  path.forEach((step, depth) => {
    const next = path[depth + 1];
    if (next === undefined) at[step] = at[step] !== undefined && isObject(value) ? at[step] : value;
    else at[step] ??= typeof next === "number" ? [] : {};
    at = at[step] as Record<Step, Value>;
  });
}

export function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as the gateway writes it on one line: plain, in quotes, or a list of those. */
export function parseInline(text: string): Value {
  const trimmed = text.trim();
  if (trimmed.startsWith("[") && trimmed.endsWith("]") && trimmed !== REDACTED)
    return items(trimmed.slice(1, -1)).map(parseInline);
  if (/^"(?:[^"\\]|\\.)*"$/s.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as string;
    } catch {
      return trimmed.slice(1, -1);
    }
  }
  if (/^'(?:[^']|'')*'$/s.test(trimmed)) return trimmed.slice(1, -1).replaceAll("''", "'");
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  return text;
}

function items(inside: string): string[] {
  const found = inside.match(/("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,"'\s][^,]*)/g) ?? [];
  return found.map(item => item.trim());
}

/** Which field says what holds, by where it is. */
export function byPath(effective: Effective): Map<string, EffectiveField> {
  return new Map(effective.fields.map(field => [pathText(steps(field.path)), field] as const));
}

/** `value` in place of what was at `path`; `undefined` takes it away. */
export function changed(root: Value, path: Step[], value: Value | undefined): Value {
  const [step, ...rest] = path;
  if (step === undefined) return value ?? {};
  if (Array.isArray(root) && typeof step === "number") {
    const copy = [...root];
    copy[step] = rest.length ? changed(copy[step] ?? {}, rest, value) : (value ?? null);
    return copy;
  }
  const { [step]: old, ...others } = isObject(root) ? root : {};
  if (rest.length === 0 && value === undefined) return others;
  const inner = rest.length
    ? changed(old ?? (typeof rest[0] === "number" ? [] : {}), rest, value)
    : (value as Value);
  // The order of keys stays, so that nothing looks changed that is not.
  return { ...(isObject(root) ? root : {}), [step]: inner };
}

/** The edits that turn `before` into `after`. */
export function editsOf(
  schema: Schema,
  field: Field,
  path: Path,
  before: Value | undefined,
  after: Value | undefined,
): Edit[] {
  if (before === after) return [];
  if (after === undefined) return [{ op: "remove", path }];
  if (before === undefined) return [{ op: "set", path, value: clean(after) }];
  if (field.kind === "object" && isObject(before) && isObject(after)) {
    return fieldsOf(schema, field).flatMap(below =>
      editsOf(schema, below, [...path, below.key], before[below.key], after[below.key]),
    );
  }
  if (field.kind === "list" && Array.isArray(before) && Array.isArray(after))
    return listEdits(schema, field, path, before, after);
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  return isSame ? [] : [{ op: "set", path, value: clean(after) }];
}

/** First what stays, then what goes (the last first, so that indexes hold), then what comes. */
function listEdits(
  schema: Schema,
  field: Field,
  path: Path,
  before: Value[],
  after: Value[],
): Edit[] {
  const item = itemOf(schema, field);
  const at = (index: number): Path => [...path, stepTo(before, index, item.identity)];
  const inside = before.flatMap((was, index) =>
    after[index] === null ? [] : editsOf(schema, item, at(index), was, after[index]),
  );
  const gone = before
    .flatMap((_, index) => (after[index] === null ? [index] : []))
    .reverse()
    .map((index): Edit => ({ op: "remove", path: at(index) }));
  const come = after
    .slice(before.length)
    .map((value): Edit => ({ op: "insert", path, value: clean(value) }));
  return [...inside, ...gone, ...come];
}

/** By name if only one has it, because a place may be another one by the time it is applied. */
export function stepTo(list: Value[], index: number, identity: string | null): Path[number] {
  if (identity === null) return index;
  const nameOf = (item: Value | undefined) => (isObject(item) ? item[identity] : undefined);
  const name = nameOf(list[index]);
  const isAlone = list.filter(item => nameOf(item) === name).length === 1;
  return typeof name === "string" && isAlone ? { [identity]: name } : index;
}

/** Without the places of new items that were taken away again. */
function clean(value: Value): Value {
  if (Array.isArray(value)) return value.filter(item => item !== null).map(clean);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, clean(below)]));
}
