/** The newest requests, as they come. Rows stand still while the mouse or the focus is on them. */
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../api/client";
import { onRequests } from "../api/stream";
import type { RequestPage, RequestSummary } from "../api/types";
import { href } from "../location";
import { clock, microseconds } from "../ui/format";
import { shownInterest } from "../ui/interest";
import { HealthMark, Panel, type Health } from "../ui/parts";

const MOST = 8;
/** Faster than this nobody reads. */
const EVERY_MS = 1_000;

export function Latest() {
  const [requests, show] = useState<RequestSummary[]>([]);
  const held = useRef(false);
  useEffect(() => follow(show, () => held.current), []);
  const hold = () => (held.current = true);
  const release = () => (held.current = false);
  return (
    <Panel title="Latest requests" tools={<a href="#/traces?sort=time">All requests</a>}>
      <div
        class="scroll latest"
        onMouseEnter={hold}
        onMouseLeave={release}
        onFocusIn={hold}
        onFocusOut={release}>
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Request</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {requests.map(row)}
            {requests.length === 0 && (
              <tr>
                <td colSpan={4} class="lead">
                  None yet.
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function row(request: RequestSummary) {
  const { seq, at_ms, method, target, status, reason, took_us } = request;
  return (
    <tr key={seq}>
      <td>{clock(at_ms)}</td>
      <td class="latest-target">
        <a href={href(`/traces/${seq}`)}>
          {method} {target}
        </a>
      </td>
      <td>
        <HealthMark health={HEALTHS[shownInterest(request)]} /> {status || "–"}{" "}
        <span class="latest-reason">{reason}</span>
      </td>
      <td class="number">{microseconds(took_us)}</td>
    </tr>
  );
}

const HEALTHS: Record<RequestSummary["interest"], Health> = {
  failed: "bad",
  plugin: "bad",
  slow: "warn",
  sample: "good",
};

/** Shows the newest once a second at most; returns how to stop. */
function follow(show: (requests: RequestSummary[]) => void, isHeld: () => boolean): () => void {
  let newest: RequestSummary[] = [];
  let isNew = false;
  const take = (more: RequestSummary[]) => {
    const all = new Map([...newest, ...more].map(request => [request.seq, request]));
    newest = [...all.values()].sort((a, b) => b.seq - a.seq).slice(0, MOST);
    isNew = true;
  };
  const update = () => {
    if (!isNew || isHeld() || document.hidden) return;
    isNew = false;
    show(newest);
  };
  const query = { sort: "time", limit: String(MOST) };
  get<RequestPage>("/api/v1/requests", query).then(
    ({ requests }) => (take(requests), update()),
    () => {}, // The stream brings them, or the page says that nobody answers.
  );
  const stop = onRequests(take);
  const timer = window.setInterval(update, EVERY_MS);
  return () => {
    stop();
    window.clearInterval(timer);
  };
}
