/** What happened, why, and what to do about it. */
import type { Trace, Whole } from "../../api/traces";
import { get } from "../../api/client";
import { mayChange } from "../../api/session";
import type { RouteStatus } from "../../api/types";
import { propose } from "../../change/propose";
import { part } from "../../location";
import { microseconds, milliseconds, share } from "../../ui/format";
import { useLoad } from "../../ui/load";
import { Button, Panel } from "../../ui/parts";
import { Words } from "../../ui/words";
import { culprit, ownWait, type Culprit } from "./spans";

/** Waiting longer than this for one service is worth a timeout. */
const SLOW_US = 1_000_000;
const TIMEOUT = "1s";
/** From this share of the trace on, one wait is what made it slow. */
const MOST = 0.5;
const NEARLY_ALL = 0.95;

export function Story({ whole, trace }: { whole: Whole; trace: Trace }) {
  const of = (about: string) => whole.story.filter(sentence => sentence.about === about);
  const slow = culprit(trace) ?? ownWait(whole);
  const isTheirs = slow && slow.waited_us >= SLOW_US && slow.share >= MOST;
  const causes = of("cause");
  const next = of("next");
  return (
    <Panel title="What happened" class="story">
      <ol>
        {of("course").map(({ text }) => (
          <li key={text}>
            <Words text={text} />
          </li>
        ))}
      </ol>
      {(causes.length > 0 || isTheirs) && <h3>Cause</h3>}
      {causes.map(({ text }) => (
        <p key={text} class="cause">
          <Words text={text} />
        </p>
      ))}
      {isTheirs && <Waited slow={slow} trace={trace} />}
      {(next.length > 0 || isTheirs) && <h3>Next step</h3>}
      {next.map(({ text }) => (
        <p key={text}>
          <Words text={text} />
        </p>
      ))}
      {isTheirs && slow.route && (
        <Timeout route={slow.route} slow={slow} request={whole.summary.request_id} />
      )}
    </Panel>
  );
}

function Waited({ slow, trace }: { slow: Culprit; trace: Trace }) {
  return (
    <p class="cause">
      {slow.share > NEARLY_ALL ? "Nearly all" : share(slow.share)} of the{" "}
      {microseconds(trace.took_us)} is waiting for{" "}
      <a href={`#/services/${part(slow.service)}`}>{slow.service}</a>
      {slow.route && (
        <>
          , asked by route <a href={`#/routes/${part(slow.route)}`}>{slow.route}</a>
        </>
      )}
      : {microseconds(slow.waited_us)}.
    </p>
  );
}

interface TimeoutProps {
  route: string;
  slow: Culprit;
  request: string;
}

/** Whoever waits long may wait less; unless a timeout has just ended it. */
function Timeout({ route, slow, request }: TimeoutProps) {
  const { data } = useLoad(`route ${route}`, () =>
    get<RouteStatus>(`/api/v1/routes/${part(route)}`).catch(() => null),
  );
  const timeouts = (data?.rules ?? []).map(rule => rule.timeout_ms).filter(ms => ms !== null);
  const least = timeouts.length ? Math.min(...timeouts) : null;
  if (slow.hasTimedOut || (least !== null && least * 1000 <= SLOW_US)) {
    return (
      <p>
        Route <a href={`#/routes/${part(route)}`}>{route}</a> has a timeout
        {least !== null && ` of ${milliseconds(least)}`}: whoever asks waits no longer than that.
      </p>
    );
  }
  return (
    <p class="next-step">
      <Button
        look="primary"
        disabled={!mayChange.value}
        title={mayChange.value ? undefined : "Operators may change the configuration"}
        onClick={() =>
          propose({
            title: `Set timeout: ${TIMEOUT} on route ${route}`,
            change: {
              edits: [{ op: "set", path: ["routes", { name: route }, "timeout"], value: TIMEOUT }],
            },
            reason: `waited ${microseconds(slow.waited_us)} for ${slow.service} (request ${request})`,
          })
        }>
        Set timeout: {TIMEOUT} on route {route}
      </Button>{" "}
      {least === null ? "Without one" : `With ${milliseconds(least)}`}, whoever asks waits as long
      as <code>{slow.service}</code> takes.
    </p>
  );
}
