/**
 * What can be edited, read off the JSON Schema of the configuration. Forms are made from this alone,
 * so a field that is added to the gateway later gets its editor without a change here.
 *
 * The schema's own keywords (`x-portico-…`) say what JSON Schema cannot; where they are missing, the
 * form of a text tells most of it.
 */
import type { Schema } from "../api/types";

export type Kind =
  | "boolean"
  | "duration"
  | "enum"
  /** Shown, and edited in the text of the configuration. */
  | "fixed"
  | "list"
  | "number"
  | "object"
  | "text"
  | "texts"
  | "weight";

export interface Field {
  key: string;
  kind: Kind;
  doc: string;
  isRequired: boolean;
  /** What holds where nothing is written; in words, where it is no value. */
  otherwise: string | null;
  /** Of an enum. */
  choices: (string | number)[];
  /** Of which items it is a name: `services`. */
  names: string | null;
  pattern: RegExp | null;
  example: string | null;
  /** Of a number as it is, of a duration in milliseconds. */
  min: number | null;
  max: number | null;
  isInteger: boolean;
  /** Of an object: the field that plain text stands for, which tells its items apart. */
  identity: string | null;
  /** Of a list. */
  minItems: number;
  /** Without references. */
  node: Node;
}

type Node = Record<string, unknown>;

/** Not here: they are what an item is, or their form is not the gateway's to know. */
const FIXED = new Set(["name", "matches", "filters", "configuration"]);

/** The form of an item of the document: `Route`, `Service`. */
export function form(schema: Schema, definition: string): Field {
  return fieldOf(schema, definition, { $ref: `#/$defs/${definition}` }, false);
}

/** The fields of an object, in the order in which they are written by convention. */
export function fieldsOf(schema: Schema, { kind, node }: Field): Field[] {
  if (kind !== "object") return [];
  const required = (node["required"] as string[] | undefined) ?? [];
  const properties = (node["properties"] as Record<string, Node> | undefined) ?? {};
  return Object.entries(properties).map(([key, below]) =>
    fieldOf(schema, key, below, required.includes(key)),
  );
}

/** What the items of a list are. */
export function itemOf(schema: Schema, { key, node }: Field): Field {
  return fieldOf(schema, key, (node["items"] as Node | undefined) ?? {}, true);
}

/** Items can be added and taken away, because all of an item can be written here. */
export function canGrow(schema: Schema, list: Field): boolean {
  return fieldsOf(schema, itemOf(schema, list)).every(
    ({ key, kind }) => kind !== "fixed" || key === "name",
  );
}

function fieldOf(schema: Schema, key: string, written: Node, isRequired: boolean): Field {
  const { node, short } = resolve(schema, written);
  const text = (name: string) => (typeof node[name] === "string" ? (node[name] as string) : null);
  const number = (name: string) => (typeof node[name] === "number" ? (node[name] as number) : null);
  const type = text("x-portico-type") ?? "";
  const kind = FIXED.has(key) ? "fixed" : kindOf(schema, key, node, type);
  const pattern = text("pattern");
  const [example] = (node["examples"] as unknown[] | undefined) ?? [];
  const isDuration = kind === "duration";
  const fallback = node["default"];
  return {
    key,
    kind,
    doc: text("description") ?? "",
    isRequired,
    otherwise: text("x-portico-default") ?? (fallback === undefined ? null : String(fallback)),
    choices: (node["enum"] as (string | number)[] | undefined) ?? [],
    names: /^name-of: (\w+)$/.exec(type)?.[1] ?? (key === "service" ? "services" : null),
    pattern: pattern === null ? null : new RegExp(pattern, "u"),
    example: example === undefined ? null : String(example),
    min: isDuration ? number("x-portico-min") : number("minimum"),
    max: isDuration ? number("x-portico-max") : number("maximum"),
    isInteger: node["type"] === "integer",
    identity: short ?? (properties(node)["name"] ? "name" : null),
    minItems: number("minItems") ?? 0,
    node,
  };
}

function kindOf(schema: Schema, key: string, node: Node, type: string): Kind {
  if (node["x-portico-secret"]) return "fixed";
  if (Array.isArray(node["enum"])) return "enum";
  switch (node["type"]) {
    case "boolean":
      return "boolean";
    case "integer":
    case "number":
      return type === "weight" || key === "weight" ? "weight" : "number";
    case "string":
      return type === "duration" || isDurationPattern(node["pattern"]) ? "duration" : "text";
    case "object":
      return node["properties"] ? "object" : "fixed";
    case "array": {
      const { node: item } = resolve(schema, (node["items"] as Node | undefined) ?? {});
      if (item["type"] === "object") return item["properties"] ? "list" : "fixed";
      return item["type"] === "string" ? "texts" : "fixed";
    }
    default:
      return "fixed";
  }
}

/** Follows references; what stands beside one (its own text) goes over what it leads to. */
function resolve(schema: Schema, written: Node): { node: Node; short: string | null } {
  const { $ref: reference, ...beside } = written;
  if (typeof reference === "string") {
    const { node, short } = resolve(schema, lookUp(schema, reference));
    return { node: { ...node, ...beside }, short };
  }
  const ways = written["anyOf"] as Node[] | undefined;
  const long = ways?.find(way => way["type"] === "object" && way["properties"]);
  if (!long || !ways?.some(way => way["type"] === "string")) return { node: written, short: null };
  const { anyOf: _, ...rest } = written;
  const [first = null] = (long["required"] as string[] | undefined) ?? [];
  const short = (written["x-portico-short"] as string | undefined) ?? first;
  return { node: { ...long, ...rest }, short };
}

function lookUp(schema: Schema, reference: string): Node {
  const steps = reference.replace(/^#\//, "").split("/");
  const found = steps.reduce<unknown>((at, step) => (at as Node | undefined)?.[step], schema);
  return (found as Node | undefined) ?? {};
}

function properties(node: Node): Record<string, unknown> {
  return (node["properties"] as Record<string, unknown> | undefined) ?? {};
}

function isDurationPattern(pattern: unknown): boolean {
  return typeof pattern === "string" && pattern.includes("(h|m|s|ms)");
}
