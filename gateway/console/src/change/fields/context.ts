/** What the editors of a panel share: the schema, what holds, and what has been changed so far. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { EffectiveField, Schema } from "../../api/types";
import { pathText, type Step, type Value } from "../draft";
import type { Field } from "../schema";

export interface Editing {
  /** Unlike that of any other panel on the page. */
  id: string;
  schema: Schema;
  /** By path. */
  holds: Map<string, EffectiveField>;
  before: Value;
  after: Value;
  change: (path: Step[], value: Value | undefined) => void;
  /** Not shown: changed elsewhere on the page. */
  hidden: Set<string>;
}

export const Context = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = useContext(Context);
  if (!editing) throw new Error("a field outside of a panel");
  return editing;
}

export interface FieldProps {
  field: Field;
  path: Step[];
  /** Of an item that is not written yet. */
  isNew?: boolean;
}

/** One field, as it was and as it is to be. */
export function useField({ path }: Pick<FieldProps, "path">) {
  const { before, after, holds, id, change } = useEditing();
  const text = pathText(path);
  const was = valueAt(before, path);
  const value = valueAt(after, path);
  return {
    was,
    value,
    isChanged: JSON.stringify(was) !== JSON.stringify(value),
    holds: holds.get(text) ?? null,
    id: `${id}-${text}`,
    set: (next: Value | undefined) => change(path, next),
  };
}

export function valueAt(root: Value, path: Step[]): Value | undefined {
  return path.reduce<Value | undefined>(
    (at, step) => (at as Record<Step, Value> | null | undefined)?.[step],
    root,
  );
}
