/** Which services lose the trace, how that is known, and what to do about it. */
import { doctor, type Checked, type Diagnosis, type Finding } from "../api/traces";
import { href, part } from "../location";
import type { PageProps } from "../pages";
import { useLoad } from "../ui/load";
import { Empty, HealthMark, Loading, Page, Panel, Problem, type Health } from "../ui/parts";
import { keyed } from "./traces/query";
import { Words } from "../ui/words";
import { apart } from "./doctor/words";
import "../ui/requests.css";
import "./doctor.css";

const EVERY_MS = 5_000;

export function Doctor(_: PageProps) {
  const { data, error, again } = useLoad("doctor", doctor, EVERY_MS);
  return (
    <Page
      title="Trace propagation"
      lead="A trace is whole only if every service passes its headers on. This says which do not."
      tools={
        <a class="button" href="#/traces">
          All traces
        </a>
      }>
      {error !== null && <Problem error={error} retry={again} />}
      {!data && error === null && <Loading what="Weighing the evidence" />}
      {data && <Report data={data} />}
    </Page>
  );
}

function Report({ data: { words, findings, services } }: { data: Diagnosis }) {
  if (services.length === 0) {
    return (
      <Empty title={words}>
        <p>
          Send some requests whose services call each other through the gateway, or let services
          send their spans to it; the report grows as they come.
        </p>
        <a class="button" href="#/traces">
          Look at the traces
        </a>
      </Empty>
    );
  }
  return (
    <>
      <p class="verdict">
        <HealthMark health={findings.length ? "bad" : "good"} /> <Words text={words} />
      </p>
      {findings.map(finding => (
        <Found key={finding.service} finding={finding} />
      ))}
      <Panel title="Every service that was at work">
        <table class="checked">
          <thead>
            <tr>
              <th>Service</th>
              <th>Verdict</th>
              <th>What is known</th>
            </tr>
          </thead>
          <tbody>
            {services.map(checked => (
              <Row key={checked.service} checked={checked} />
            ))}
          </tbody>
        </table>
      </Panel>
    </>
  );
}

function Found({ finding }: { finding: Finding }) {
  const { service, called, dropped, calls, by_chance, trace_id, lost_trace_id, words } = finding;
  const { evidence, todo } = apart(words);
  return (
    <Panel title={`${service} drops the trace context`} class="finding">
      {evidence.map(sentence => (
        <p key={sentence}>
          <Words text={sentence} />
        </p>
      ))}
      <dl class="request-facts">
        <dt>Calls without it</dt>
        <dd>
          {dropped} of {calls} that were seen, to{" "}
          {called.map((name, at) => (
            <span key={name}>
              {at > 0 && ", "}
              <a href={`#/services/${part(name)}`}>{name}</a>
            </span>
          ))}
        </dd>
        <dt>By chance</dt>
        <dd>{by_chance < 0.1 ? "less than 0.1" : by_chance.toFixed(1)} would have looked so</dd>
        <dt>A trace that breaks</dt>
        <dd>
          <a href={`#/traces/${trace_id}`}>
            <code>{trace_id}</code>
          </a>
        </dd>
        <dt>What it lost</dt>
        <dd>
          <a href={`#/traces/${lost_trace_id}`}>
            <code>{lost_trace_id}</code>
          </a>
        </dd>
      </dl>
      {todo && (
        <>
          <h3>What to do</h3>
          <p>
            <Words text={todo} />
          </p>
        </>
      )}
      <p class="tools">
        <a class="button" href={href("/traces", { q: keyed("service", service) })}>
          Requests of {service}
        </a>
        <a class="button" href={`#/services/${part(service)}`}>
          Service {service}
        </a>
      </p>
    </Panel>
  );
}

const VERDICTS: Record<Checked["verdict"], [Health, string]> = {
  drops: ["bad", "drops it"],
  no_calls: ["idle", "calls nobody"],
  passes_on: ["good", "passes it on"],
  unclear: ["warn", "unclear"],
};

function Row({ checked: { service, verdict, words } }: { checked: Checked }) {
  const [health, label] = VERDICTS[verdict];
  return (
    <tr>
      <td>
        <a href={`#/services/${part(service)}`}>{service}</a>
      </td>
      <td class="nowrap">
        <HealthMark health={health} label={label} />
      </td>
      <td>
        <Words text={words} />
      </td>
    </tr>
  );
}
