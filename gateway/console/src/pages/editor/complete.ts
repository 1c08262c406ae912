/** What may stand at the cursor, as CodeMirror offers it. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";

import type { Schema } from "../../api/types";
import { names, scan, siblings, type Entry, type Place } from "./scan";
import { formsAt, isList, keysOf, refersTo, valuesOf, type KeyOption } from "./schema";
import { wordsOf } from "./words";

/** `schema` and the entries of the other files are asked for each time: they come later. */
export function completer(schema: () => Schema | null, others: () => Entry[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const root = schema();
    if (!root) return null;
    const text = context.state.doc.toString();
    const { place } = scan(text, context.pos);
    const isBegun = place.from < context.pos;
    if (place.kind === "text" || (!isBegun && !context.explicit)) return null;
    const { entries } = scan(text);
    const indent = context.state.doc.lineAt(context.pos).text.search(/\S|$/);
    const isFlow = isInBrackets(text, context.pos, place);
    const options = optionsAt(root, place, entries, [...entries, ...others()], indent, isFlow);
    return options.length === 0 ? null : { from: place.from, options, validFor: /^[\w./-]*$/ };
  };
}

function isInBrackets(text: string, position: number, place: Place): boolean {
  const line = text.slice(text.lastIndexOf("\n", position - 1) + 1, place.from);
  return (line.match(/[{[]/g)?.length ?? 0) > (line.match(/[}\]]/g)?.length ?? 0);
}

function optionsAt(
  root: Schema,
  place: Place,
  own: Entry[],
  all: Entry[],
  indent: number,
  isFlow: boolean,
): Completion[] {
  const forms = formsAt(root, place.path);
  const list = refersTo(place.path);
  const named = (list ? names(all, list) : []).map((label): Completion => ({
    label,
    type: "variable",
    detail: list?.slice(0, -1) ?? "",
    boost: 2,
  }));
  const values = list ? [] : valuesOf(forms);
  const plain = values.map(({ value, doc }): Completion => ({
    label: value,
    type: "enum",
    ...(doc && { info: () => wordsOf(doc) }),
  }));
  if (place.kind === "value") return [...named, ...plain];
  // In a list, the next item.
  const isItem = isList(forms) && !isFlow;
  const path = isItem ? [...place.path, 0] : place.path;
  const taken = isItem ? [] : siblings(own, path);
  const keys = keysOf(root, formsAt(root, path)).filter(({ key }) => !taken.includes(key));
  const column = indent + (isItem ? 2 : 0);
  return [
    ...named,
    ...plain.filter(() => keys.length === 0),
    ...keys.map(option => keyCompletion(option, column, isItem, isFlow)),
  ];
}

function keyCompletion(
  option: KeyOption,
  indent: number,
  isItem: boolean,
  isFlow: boolean,
): Completion {
  const { key, doc, required, shape } = option;
  const dash = isItem ? "- " : "";
  const deeper = `\n${" ".repeat(indent + 2)}`;
  const behind = isFlow || shape === "plain" ? " " : shape === "list" ? `${deeper}- ` : deeper;
  return {
    label: key,
    type: "property",
    ...(doc && { info: () => wordsOf(doc) }),
    detail: required ? "required" : "",
    boost: required ? 1 : 0,
    apply: `${dash}${key}:${behind}`,
  };
}
