/** How the editor looks: the console's own colours, which reach into a shadow root. */
import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--off)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--faint)", fontStyle: "italic" },
  {
    tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace],
    color: "var(--faint)",
  },
  { tag: [tags.labelName, tags.typeName, tags.keyword, tags.meta], color: "var(--good)" },
]);

const FLOATING = {
  border: "1px solid var(--line)",
  borderRadius: "6px",
  background: "var(--panel)",
  color: "var(--text)",
};

export const LOOKS = EditorView.theme({
  "&": {
    height: "100%",
    background: "var(--page)",
    color: "var(--text)",
    font: "13.5px/1.5 var(--mono)",
  },
  // Its frame shows the focus.
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": {
    border: "0",
    borderRight: "1px solid var(--line)",
    background: "var(--sunken)",
    color: "var(--faint)",
  },
  ".cm-activeLine, .cm-activeLineGutter": {
    background: "color-mix(in srgb, var(--accent) 8%, transparent)",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "color-mix(in srgb, var(--accent) 28%, transparent)" },
  "&.cm-focused .cm-matchingBracket": {
    background: "var(--idle-soft)",
    outline: "1px solid var(--line)",
  },
  ".cm-tooltip": { ...FLOATING, zIndex: "20" },
  ".cm-tooltip .doc": {
    maxWidth: "min(440px, 80vw)",
    padding: "6px 10px",
    font: "14px/1.4 var(--font)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "2px 8px !important" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { color: "inherit", opacity: "0.75", fontStyle: "normal" },
  ".cm-completionInfo": {
    maxWidth: "min(380px, 60vw)",
    font: "14px/1.4 var(--font)",
    padding: "6px 10px",
  },
  ".cm-diagnostic": { padding: "5px 10px", font: "14px/1.4 var(--font)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "4px solid var(--warn)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
  },
  ".cm-lintRange-warning": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--warn)",
    textUnderlineOffset: "3px",
  },
  ".cm-panels": { background: "var(--panel)", color: "var(--text)", borderColor: "var(--line)" },
});
