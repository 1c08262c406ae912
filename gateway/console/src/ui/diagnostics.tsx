/** What is wrong with a configuration, where, and what to do, with the line shown. */
import type { Diagnostic } from "../api/types";
import { HealthMark } from "./parts";
import { Words } from "./words";
import "./diagnostics.css";

export function Diagnostics({ list }: { list: Diagnostic[] }) {
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
          <p class="lead">
            <code>
              {one.source}:{one.line}:{one.column}
            </code>{" "}
            {one.path}
          </p>
          {one.excerpt && (
            <pre tabIndex={0} aria-label="The line">
              {one.excerpt}
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
