/** Names of fields, and what edits do, as people say it. */
import type { Edit, Path } from "../api/types";
import { isObject, type Value } from "./draft";

/** `connect_timeout` is a connect timeout. */
export function label(key: string): string {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `backends` has a backend. */
export function singular(key: string): string {
  const words = key.replaceAll("_", " ");
  return words.endsWith("ies") ? `${words.slice(0, -3)}y` : words.replace(/s$/, "");
}

/** `an endpoint` */
export function oneOf(key: string): string {
  const word = singular(key);
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}

/** For the reason of a change: `timeout 1s, weight of backend web 10`. The item itself is known. */
export function inWords(edits: Edit[]): string {
  return [...new Set(edits.map(editWords))].join(", ");
}

function editWords(edit: Edit): string {
  const path = edit.path.slice(2);
  const [last] = path.slice(-1);
  if (edit.op === "insert") return `one more ${itemWords(String(last ?? ""), edit.value as Value)}`;
  const isItem = typeof last !== "string";
  const what = isItem ? whose(path) : `${last.replaceAll("_", " ")}${of(path.slice(0, -1))}`;
  if (edit.op === "remove") return `no ${what}`;
  return typeof edit.value === "object" ? what : `${what} ${String(edit.value)}`;
}

function of(path: Path): string {
  const words = whose(path);
  return words ? ` of ${words}` : "";
}

/** The innermost item of a list on the way: `backend web`, `rule 1`. */
function whose(path: Path): string {
  const at = path.findLastIndex(step => typeof step !== "string");
  const step = path[at];
  const list = path[at - 1];
  if (step === undefined || typeof list !== "string") return "";
  const name = typeof step === "object" ? Object.values(step)[0] : Number(step) + 1;
  return `${singular(list)} ${name}`;
}

function itemWords(list: string, value: Value): string {
  const first = isObject(value) ? Object.values(value)[0] : value;
  return typeof first === "string" ? `${singular(list)} ${first}` : singular(list);
}
