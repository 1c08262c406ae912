/** Sends what was asked about through the gateway, and says what came back. */
import { useState } from "preact/hooks";

import { mayChange } from "../../api/session";
import { send } from "../../api/traces";
import type { Sent } from "../../api/types";
import { milliseconds } from "../../ui/format";
import { reasonWords, Status } from "../../ui/outcome";
import { Button, HealthMark, Panel, Problem } from "../../ui/parts";
import type { Question } from "./question";

export function SendIt({ question }: { question: Question }) {
  const [isBusy, work] = useState(false);
  const [sent, keep] = useState<Sent | null>(null);
  const [error, fail] = useState<unknown>(null);
  const run = async () => {
    work(true);
    fail(null);
    try {
      const { method, url, headers, body } = question;
      keep(await send({ method, url, headers, times: 1, ...(body !== null && { body }) }));
    } catch (error) {
      fail(error);
    } finally {
      work(false);
    }
  };
  const answer = sent?.answers[0];
  return (
    <Panel
      title="Send it"
      tools={
        <Button
          look="primary"
          disabled={isBusy || !mayChange.value}
          title={mayChange.value ? undefined : "Operators may send requests"}
          onClick={() => void run()}>
          {isBusy ? "Waiting for the answer …" : `Send ${question.method}`}
        </Button>
      }>
      <div role="status">
        {error !== null && <Problem error={error} />}
        {answer && !isBusy && <Answer answer={answer} />}
        {!answer && error === null && (
          <p class="faint">Goes through the gateway as if it came from a client.</p>
        )}
      </div>
    </Panel>
  );
}

function Answer({ answer }: { answer: Sent["answers"][number] }) {
  const { status, took_ms, reason, error, seq, body, content_type } = answer;
  if (error) {
    return (
      <p>
        <HealthMark health="bad" /> {error}
      </p>
    );
  }
  return (
    <>
      <p class="sent">
        <Status status={status} />
        <span>after {milliseconds(took_ms)}</span>
        {reason && (
          <span>
            {reasonWords(reason)} (<code>{reason}</code>)
          </span>
        )}
        {seq === null ? (
          <span class="faint">not kept as a trace</span>
        ) : (
          <a href={`#/traces/${seq}`}>Open its trace</a>
        )}
      </p>
      {body && (
        <figure class="sent-body">
          <figcaption class="faint">{content_type ?? "The answer"}</figcaption>
          <pre tabIndex={0}>{body}</pre>
        </figure>
      )}
    </>
  );
}
