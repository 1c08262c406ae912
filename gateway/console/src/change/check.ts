/** Whether what was typed can be written, by what the schema says of the field. */
import type { Schema } from "../api/types";
import { isObject, type Value } from "./draft";
import { fieldsOf, itemOf, type Field } from "./schema";

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** `1m30s` is 90000; null if it is no duration. */
export function durationMs(text: string): number | null {
  if (!/^(\d{1,5}(h|m|s|ms)){1,4}$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0);
}

export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  for (const [unit, size] of Object.entries(UNITS))
    if (ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

/** What is wrong with the value of one field, in words; null if nothing is. */
export function wrong(field: Field, value: Value | undefined): string | null {
  if (value === undefined || value === "") return field.isRequired ? "This is needed." : null;
  switch (field.kind) {
    case "duration":
      return wrongDuration(field, String(value));
    case "number":
    case "weight":
      return wrongNumber(field, value);
    case "text":
      return wrongText(field, String(value));
    case "texts":
      return wrongTexts(field, value);
    default:
      return null;
  }
}

function wrongDuration({ min, max }: Field, text: string): string | null {
  const ms = durationMs(text);
  if (ms === null) return "A duration is a number with a unit: 500ms, 1s, 1m30s.";
  if (min !== null && ms < min) return `At least ${durationText(min)}.`;
  if (max !== null && ms > max) return `At most ${durationText(max)}.`;
  return null;
}

function wrongNumber({ min, max, isInteger }: Field, value: Value): string | null {
  if (typeof value !== "number") return isInteger ? "A whole number." : "A number.";
  if (isInteger && !Number.isInteger(value)) return "A whole number.";
  if (min !== null && value < min) return `At least ${min}.`;
  if (max !== null && value > max) return `At most ${max}.`;
  return null;
}

function wrongText({ pattern, example }: Pick<Field, "pattern" | "example">, text: string) {
  if (!pattern || pattern.test(text)) return null;
  return example ? `It is written like ${example}.` : "It cannot be written like this.";
}

function wrongTexts({ node, minItems }: Field, value: Value): string | null {
  const texts = Array.isArray(value) ? value.map(String) : [];
  if (texts.length < minItems) return `At least ${minItems}.`;
  const item = node["items"] as { pattern?: string; examples?: string[] } | undefined;
  const pattern = item?.pattern ? new RegExp(item.pattern, "u") : null;
  const bad = texts.find(text => pattern && !pattern.test(text));
  if (bad === undefined) return null;
  if (bad === "") return "One of them is empty.";
  const like = item?.examples?.[0];
  return `“${bad}” cannot be one${like ? `; it is written like ${like}` : ""}.`;
}

/** How many fields of what would be written are wrong. Only what has changed is looked at. */
export function countWrong(
  schema: Schema,
  field: Field,
  value: Value | undefined,
  before: Value | undefined,
): number {
  if (value === before) return 0;
  if (field.kind === "object" && isObject(value)) {
    const was = isObject(before) ? before : {};
    return fieldsOf(schema, field)
      .map(below => countWrong(schema, below, value[below.key], was[below.key]))
      .reduce((sum, count) => sum + count, isMissing(schema, field, value, before) ? 1 : 0);
  }
  if (field.kind === "list" && Array.isArray(value)) {
    const item = itemOf(schema, field);
    const was = Array.isArray(before) ? before : [];
    const isShort = value.filter(one => one !== null).length < field.minItems;
    return value
      .map((one, at) => (one === null ? 0 : countWrong(schema, item, one, was[at])))
      .reduce((sum, count) => sum + count, isShort ? 1 : 0);
  }
  return wrong(field, value) === null ? 0 : 1;
}

/** A new object lacks what it needs; of an old one that could not be. */
function isMissing(schema: Schema, field: Field, value: object, before: Value | undefined) {
  if (before !== undefined) return false;
  return fieldsOf(schema, field).some(({ key, isRequired }) => isRequired && !(key in value));
}
