/** A form out of the JSON Schema that a module brings for its configuration. */
import type { Schema } from "../../api/types";

export interface Field {
  /** Keys from the root of the configuration. */
  path: string[];
  label: string;
  doc: string;
  required: boolean;
  kind: "text" | "number" | "switch" | "choice" | "json";
  /** Of a choice. */
  options: unknown[];
  /** What applies if nothing is written. */
  otherwise: unknown;
}

/** Deeper than this, a field is written as JSON. */
const DEEPEST = 3;

/** `null` if the schema is about no map with known keys. */
export function fieldsOf(schema: Schema): Field[] | null {
  const found = fieldsBelow(schema, schema, []);
  return found.length > 0 ? found : null;
}

function fieldsBelow(root: Schema, schema: Schema, path: string[]): Field[] {
  const properties = schema["properties"];
  if (!isMap(properties)) return [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).flatMap(([key, own]): Field[] => {
    if (!isMap(own)) return [];
    const resolved = resolve(root, own);
    const at = [...path, key];
    const deeper = at.length < DEEPEST ? fieldsBelow(root, resolved, at) : [];
    if (deeper.length > 0) return deeper;
    return [
      {
        path: at,
        label: at.join("."),
        doc: String(own["description"] ?? resolved["description"] ?? ""),
        required: path.length === 0 && required.includes(key),
        ...kindOf(resolved),
        otherwise: own["default"] ?? resolved["default"],
      },
    ];
  });
}

function kindOf(schema: Schema): Pick<Field, "kind" | "options"> {
  if (Array.isArray(schema["enum"])) return { kind: "choice", options: schema["enum"] };
  const kinds: Record<string, Field["kind"]> = {
    string: "text",
    number: "number",
    integer: "number",
    boolean: "switch",
  };
  return { kind: kinds[String(schema["type"])] ?? "json", options: [] };
}

function resolve(root: Schema, schema: Schema): Schema {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  let at: unknown = root;
  for (const step of reference.replace(/^#\/?/, "").split("/"))
    at = isMap(at) ? at[step] : undefined;
  return isMap(at) ? at : schema;
}

export function valueAt(value: unknown, path: string[]): unknown {
  return path.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), value);
}

/** `undefined` takes the key away, and what is empty without it. */
export function withValue(value: unknown, [key, ...rest]: string[], next: unknown): unknown {
  if (key === undefined) return next;
  const own: Record<string, unknown> = isMap(value) ? { ...value } : {};
  const below = withValue(own[key], rest, next);
  if (below === undefined) delete own[key];
  else own[key] = below;
  return rest.length >= 0 && Object.keys(own).length === 0 && next === undefined ? undefined : own;
}

/** JSON where the text is JSON; text that only looks like it is a mistake. */
export function readText(text: string): { value: unknown } | { error: string } {
  const bare = text.trim();
  if (bare === "") return { value: undefined };
  try {
    return { value: JSON.parse(bare) };
  } catch (error) {
    if (!/^[{["]/.test(bare)) return { value: text };
    return { error: `This is no JSON: ${(error as Error).message}` };
  }
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
