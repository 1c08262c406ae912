/** The heads of request and response, as they are kept: without credentials. */
import type { Whole } from "../../api/traces";
import { Panel } from "../../ui/parts";

export function Heads({ whole: { request, response, summary } }: { whole: Whole }) {
  const isRedacted = [...request.headers, ...response.headers].some(([, value]) =>
    value.includes("[redacted]"),
  );
  return (
    <Panel title="Heads">
      {isRedacted && (
        <p class="faint">Credentials are not kept; [redacted] stands in their place.</p>
      )}
      <div class="two-columns">
        <Head
          first={`${summary.method} ${summary.target} ${request.version}`}
          caption="Request head"
          headers={request.headers}
        />
        <Head
          first={response.status === 0 ? "no answer" : `${request.version} ${response.status}`}
          caption="Response head"
          headers={response.headers}
        />
      </div>
    </Panel>
  );
}

function Head(props: { first: string; caption: string; headers: [string, string][] }) {
  return (
    <table class="name-table">
      <caption>
        <span class="unseen">{props.caption}: </span>
        <code>{props.first}</code>
      </caption>
      <tbody>
        {props.headers.map(([name, value], at) => (
          <tr key={at}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
