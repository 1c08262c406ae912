/** How a request ended, in the same words and marks wherever one is shown. */
import type { RequestSummary } from "../api/types";
import { HealthMark, type Health } from "./parts";

/** What the gateway's reasons mean; the story of a request says more. */
const REASONS: Record<string, string> = {
  bad_body: "the request's body could not be read",
  bad_request: "the request was not proper HTTP",
  client_gone: "the client left before it was answered",
  connect_failed: "no endpoint took a connection",
  filter_closed: "a filter closed the exchange",
  head_too_large: "the request's head is too large",
  internal: "the gateway itself failed",
  no_backend: "all backends have a weight of zero",
  no_endpoint: "the service has no endpoint",
  no_listener: "no listener takes this host",
  no_route: "no rule matched",
  plugin_failed: "a plugin failed",
  suspended: "somebody suspended it",
  timeout: "the service did not answer in time",
  upstream_protocol: "the service did not answer with HTTP",
  upstream_reset: "the service closed the connection",
};

export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

export function health(status: number): Health {
  if (status === 0 || status >= 500) return "bad";
  if (status >= 400) return "warn";
  return "good";
}

export function statusText(status: number): string {
  return status === 0 ? "no answer" : String(status);
}

export function Status({ status }: { status: number }) {
  return <HealthMark health={health(status)} label={statusText(status)} />;
}

/** Whose answer it was, if it was not simply the service's. */
export function said(summary: RequestSummary): string | null {
  const { answered_by: by, reason } = summary;
  if (reason) return reasonWords(reason);
  if (by === "service") return null;
  return by === "gateway" ? "by the gateway" : by === "nobody" ? "nobody answered" : `by ${by}`;
}

/** Why the gateway kept it. */
export function interestWords(summary: RequestSummary): string {
  switch (summary.interest) {
    case "failed":
      return summary.reason ? "failed here" : "the service failed";
    case "plugin":
      return "a plugin failed";
    case "slow":
      return summary.route ? `slow for ${summary.route}` : "slow";
    case "sample":
      return "ordinary";
  }
}
