/** What the schema allows at a place of the document. */
import type { Schema } from "../../api/types";
import type { Step } from "./scan";

export interface KeyOption {
  key: string;
  doc: string;
  required: boolean;
  /** What stands behind it. */
  shape: "map" | "list" | "plain";
}

export interface ValueOption {
  value: string;
  doc: string;
}

/** All forms that the document may have at `path`: `anyOf` allows several. */
export function formsAt(root: Schema, path: Step[]): Schema[] {
  let forms = open(root, root);
  for (const step of path) forms = forms.flatMap(form => below(root, form, step));
  return forms;
}

/** What a field means: of its use first, of its kind otherwise. */
export function docAt(root: Schema, path: Step[]): string | null {
  const last = path.at(-1);
  if (last === undefined) return null;
  for (const form of formsAt(root, path.slice(0, -1))) {
    const found = typeof last === "string" && properties(form)[last];
    if (found) return textOf(root, found);
  }
  return null;
}

export function keysOf(root: Schema, forms: Schema[]): KeyOption[] {
  const options = forms.flatMap(form =>
    Object.entries(properties(form)).map(([key, schema]) => ({
      key,
      doc: textOf(root, schema),
      required: list(form["required"]).includes(key),
      shape: shapeOf(open(root, schema)),
    })),
  );
  const seen = new Set<string>();
  return options.filter(({ key }) => !seen.has(key) && seen.add(key));
}

export function valuesOf(forms: Schema[]): ValueOption[] {
  const all = forms.flatMap(form => {
    const doc = String(form["description"] ?? "");
    const fixed = [...list(form["enum"]), ...("const" in form ? [form["const"]] : [])];
    if (form["type"] === "boolean") fixed.push(true, false);
    const usual = fixed.length ? [] : list(form["examples"]);
    return [...fixed, ...usual].map(value => ({ value: written(value), doc }));
  });
  return all.filter(({ value }, at) => all.findIndex(other => other.value === value) === at);
}

export function isList(forms: Schema[]): boolean {
  return forms.length > 0 && forms.every(form => form["type"] === "array");
}

/** The list of the document whose names stand at `path`. */
export function refersTo(path: Step[]): "services" | "plugins" | "listeners" | "routes" | null {
  const words = path.filter(step => typeof step === "string");
  const [last, before] = [words.at(-1), words.at(-2)];
  const isItem = typeof path.at(-1) === "number";
  if (path[0] === "routes") {
    if ((isItem && last === "backends") || (last === "service" && before === "backends"))
      return "services";
    if (last === "plugin" || (last === "name" && before === "plugin")) return "plugins";
    if (isItem && last === "listeners") return "listeners";
  }
  return last === "route" && before === "overrides" ? "routes" : null;
}

function below(root: Schema, form: Schema, step: Step): Schema[] {
  if (typeof step === "number") return isMap(form["items"]) ? open(root, form["items"]) : [];
  const own = properties(form)[step] ?? form["additionalProperties"];
  return isMap(own) ? open(root, own) : [];
}

/** Through references and alternatives to what says something itself. */
function open(root: Schema, schema: Schema): Schema[] {
  const { $ref, anyOf, allOf, oneOf, ...own } = schema;
  const target = typeof $ref === "string" ? find(root, $ref) : null;
  const others = [anyOf, allOf, oneOf].flatMap(list).filter(isMap);
  const more = target ? [target, ...others] : others;
  return [own, ...more.flatMap(other => open(root, other))].filter(
    form => "type" in form || "properties" in form || "enum" in form || "const" in form,
  );
}

function find(root: Schema, reference: string): Schema | null {
  let at: unknown = root;
  for (const step of reference.replace(/^#\/?/, "").split("/"))
    at = isMap(at) ? at[decodeURIComponent(step)] : undefined;
  return isMap(at) ? at : null;
}

function textOf(root: Schema, schema: Schema): string {
  if (schema["description"]) return String(schema["description"]);
  return String(open(root, schema)[0]?.["description"] ?? "");
}

function shapeOf(forms: Schema[]): KeyOption["shape"] {
  const types = forms.map(form => form["type"]);
  if (types.some(type => type !== "object" && type !== "array")) return "plain";
  return types.includes("array") ? "list" : types.includes("object") ? "map" : "plain";
}

function properties(form: Schema): Record<string, Schema> {
  return isMap(form["properties"]) ? (form["properties"] as Record<string, Schema>) : {};
}

/** As YAML says it. */
function written(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const isPlain = /^[A-Za-z0-9./*][^#{}[\],&!|>%@`"']*$/.test(value) && !/:\s|:$|^\*/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isMap(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
