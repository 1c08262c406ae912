/**
 * CodeMirror in a shadow root: there its styles are adopted style sheets, while in the document they
 * would be a style element, which the policy forbids.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";

import type { Diagnostic, Schema } from "../../api/types";
import { completer } from "./complete";
import { HIGHLIGHT, LOOKS } from "./looks";
import { wordsOf } from "./words";
import { entryAt, scan, type Entry } from "./scan";
import { docAt } from "./schema";

export interface Asks {
  label: string;
  schema: () => Schema | null;
  /** Of the other files. */
  others: () => Entry[];
  changed: (text: string) => void;
  /** Ctrl+S. */
  save: () => void;
}

export function mount(host: HTMLElement, text: string, asks: Asks): EditorView {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  const parent = document.createElement("div");
  // The page's style sheets do not reach here.
  parent.style.height = "100%";
  root.append(parent);
  const state = EditorState.create({ doc: text, extensions: extensions(asks) });
  return new EditorView({ state, parent, root });
}

function extensions(asks: Asks) {
  const save = () => {
    asks.save();
    return true;
  };
  return [
    lineNumbers(),
    lintGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    yaml(),
    syntaxHighlighting(HIGHLIGHT),
    autocompletion({ override: [completer(asks.schema, asks.others)] }),
    hoverTooltip((view, position) => hover(view, position, asks.schema())),
    EditorView.updateListener.of(update => {
      if (update.docChanged) asks.changed(update.state.doc.toString());
    }),
    EditorView.contentAttributes.of({
      "aria-label": asks.label,
      spellcheck: "false",
      tabindex: "0",
    }),
    keymap.of([
      { key: "Mod-s", run: save, preventDefault: true },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    LOOKS,
  ];
}

function hover(view: EditorView, position: number, schema: Schema | null) {
  const entry = entryAt(scan(view.state.doc.toString()).entries, position);
  const doc = entry && schema ? docAt(schema, entry.path) : null;
  if (!entry || !doc) return null;
  const create = () => {
    const dom = document.createElement("div");
    dom.className = "doc";
    const name = document.createElement("b");
    name.textContent = entry.path.filter(step => typeof step === "string").join(".");
    dom.append(name, wordsOf(doc));
    return { dom };
  };
  return { pos: entry.from, end: entry.to, above: true, create };
}

/** Marks what the gateway finds wrong with this file. */
export function mark(view: EditorView, diagnostics: Diagnostic[]): void {
  const { doc } = view.state;
  const marks = diagnostics.map(({ severity, line, column, message, why, help }) => {
    const at = doc.line(Math.min(Math.max(1, line), doc.lines));
    const from = Math.min(at.from + Math.max(0, column - 1), at.to);
    const word = /^[^\s:,{}[\]]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 1;
    const words = [message, why, help].filter(Boolean).join("\n").replaceAll("`", "");
    return { from, to: Math.min(from + word, doc.length), severity, message: words };
  });
  view.dispatch(setDiagnostics(view.state, marks));
}

/** Shows a line, and puts the cursor there. */
export function show(view: EditorView, line: number, column = 1): void {
  const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
  const anchor = Math.min(at.from + column - 1, at.to);
  view.dispatch({
    selection: { anchor },
    effects: EditorView.scrollIntoView(anchor, { y: "center" }),
  });
  view.focus();
}
