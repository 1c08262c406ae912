/** What is wrong with a configuration, where, and what to do, with the line shown. */
import type { Diagnostic } from "../api/types";
import { href } from "../location";
import { HealthMark } from "./parts";
import { Words } from "./words";
import "./diagnostics.css";

/** `edits`: the place is a link into the editor; not where following it would close something. */
export function Diagnostics({ list, edits = false }: { list: Diagnostic[]; edits?: boolean }) {
  if (list.length === 0) return null;
  return (
    <ul class="diagnostics">
      {list.map((one, at) => (
        <li key={at}>
          <p>
            <HealthMark
              health={one.severity === "error" ? "bad" : "warn"}
              label={one.severity === "error" ? "Error" : "Warning"}
            />{" "}
            <Words text={one.message} />
          </p>
          <Place of={one} edits={edits} />
          {one.excerpt && (
            <pre tabIndex={0} aria-label="The line">
              {marked(one)}
            </pre>
          )}
          {one.why && (
            <p>
              <Words text={one.why} />
            </p>
          )}
          {one.help && (
            <p>
              <Words text={one.help} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

function Place({ of: { source, line, column, path }, edits }: { of: Diagnostic; edits: boolean }) {
  const place = <code>{`${source}:${line}:${column}`}</code>;
  const to = href("/configuration/editor", { source, line: String(line) });
  return (
    <p class="lead">
      {edits ? (
        <a href={to} title="Open it in the editor">
          {place}
        </a>
      ) : (
        place
      )}{" "}
      {path}
    </p>
  );
}

/** The line with a caret below the place. */
function marked({ excerpt, column }: Diagnostic): string {
  const line = excerpt?.replace(/\n$/, "") ?? "";
  // Several lines mark their place themselves.
  if (line.includes("\n")) return line;
  return `${line}\n${line.slice(0, column - 1).replace(/\S/g, " ")}^`;
}
