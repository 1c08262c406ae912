/** A unified diff with colours, marks and line numbers, one table a file. */
import { Fragment } from "preact";

import { parseDiff, type DiffLine, type FileDiff } from "./diff";
import "./diff-view.css";

export function Diff({ text }: { text: string }) {
  return (
    <div class="diffs">
      {parseDiff(text).map(file => (
        <File key={file.name} file={file} />
      ))}
    </div>
  );
}

function File({ file }: { file: FileDiff }) {
  const { name, hunks, added, removed } = file;
  return (
    <figure class="diff">
      <figcaption>
        <code>{name || "configuration"}</code>
        <span class="diff-count">
          +{added} −{removed}
        </span>
      </figcaption>
      <div class="diff-scroll" tabIndex={0} role="region" aria-label={`Difference in ${name}`}>
        <table>
          <thead class="unseen">
            <tr>
              <th scope="col">Line before</th>
              <th scope="col">Line after</th>
              <th scope="col">Change</th>
              <th scope="col">Text</th>
            </tr>
          </thead>
          <tbody>
            {hunks.map((hunk, at) => (
              <Fragment key={at}>
                {at > 0 && <Between />}
                {hunk.lines.map((line, index) => (
                  <Line key={index} line={line} />
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function Between() {
  return (
    <tr class="diff-between">
      <td colSpan={4}>⋯</td>
    </tr>
  );
}

const MARKS = { same: ["", ""], added: ["+", "added"], removed: ["−", "removed"] } as const;

function Line({ line: { kind, before, after, text } }: { line: DiffLine }) {
  const [mark, word] = MARKS[kind];
  return (
    <tr class={kind}>
      <td class="diff-number">{before}</td>
      <td class="diff-number">{after}</td>
      <td class="diff-mark">
        <span aria-hidden="true">{mark}</span>
        {word && <span class="unseen">{word}</span>}
      </td>
      <td class="diff-text">{text}</td>
    </tr>
  );
}
