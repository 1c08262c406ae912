/** What a plugin did to the request that it was tried on. */
import type { ComponentChildren } from "preact";

import type { HeaderChange, Tried } from "../../api/types";
import { microseconds } from "../../ui/format";
import { HealthMark, Tag, type Health } from "../../ui/parts";
import { Words } from "../../ui/words";

const HEALTH: Record<Tried["outcome"], Health> = {
  continues: "good",
  answers: "warn",
  pauses: "warn",
  fails: "bad",
};

export function TriedView({ tried }: { tried: Tried }) {
  const { request, redacted, outcome, words, answer, log, cost } = tried;
  return (
    <div class="tried" role="status">
      <p>
        <a href={`#/traces/${request.seq}`}>
          {request.method} {request.host}
          {request.target}
        </a>{" "}
        <span class="lead">
          answered {request.status}, request {request.seq}
        </span>
      </p>
      <p>
        <HealthMark health={HEALTH[outcome]} label={outcome} /> <Words text={words} />
      </p>
      {redacted.length > 0 && (
        <p class="lead">It saw [redacted] in {redacted.join(", ")}: credentials are not kept.</p>
      )}
      {answer && (
        <Part title={`Its answer: ${answer.status}`}>
          <pre tabIndex={0} aria-label="Its answer">
            {answer.headers.map(([name, value]) => `${name}: ${value}\n`)}
            {answer.body && `\n${answer.body}`}
          </pre>
        </Part>
      )}
      <Changes title="What it changes in the request" list={tried.request_changes} />
      <Changes title="What it changes in the response" list={tried.response_changes} />
      <Part title="What it says">
        {log.length === 0 && <p class="lead">Nothing.</p>}
        {log.map(({ level, message }, at) => (
          <p key={at} class="breaks">
            <Tag>{level}</Tag> {message}
          </p>
        ))}
      </Part>
      <Part title="What it costs">
        {cost.map(({ phase, us }) => (
          <p key={phase}>
            {phase.replaceAll("_", " ")}: <b>{microseconds(us)}</b>
          </p>
        ))}
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Changes({ title, list }: { title: string; list: HeaderChange[] }) {
  return (
    <Part title={title}>
      {list.length === 0 ? (
        <p class="lead">Nothing.</p>
      ) : (
        <div class="scrolls" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">Header</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {list.map(({ header, before, after }, at) => (
                <tr key={at}>
                  <td>
                    <code>{header}</code>
                  </td>
                  <td class="breaks">{before ?? <Tag>not there</Tag>}</td>
                  <td class="breaks">{after ?? <Tag>removed</Tag>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Part>
  );
}
