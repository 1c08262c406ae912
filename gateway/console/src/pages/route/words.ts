/** A route in a few words, for tables. */
import type { RouteStatus } from "../../api/types";
import { milliseconds, share } from "../../ui/format";

/** The most that a cell says. */
const MOST = 3;

export function matchWords({ rules }: RouteStatus): string {
  return some(rules.flatMap(({ matches }) => (matches.length ? matches : ["everything"])));
}

export function backendWords({ rules }: RouteStatus): string {
  const each = rules.flatMap(({ backends }) => {
    const whole = backends.reduce((sum, { weight }) => sum + weight, 0);
    return backends.map(({ service, weight }) =>
      backends.length > 1 && whole > 0 ? `${service} ${share(weight / whole)}` : service,
    );
  });
  return some(each) || "nowhere: a filter answers";
}

export function timeoutWords({ rules }: RouteStatus): string {
  const all = [...new Set(rules.map(({ timeout_ms }) => timeout_ms))];
  return all.map(ms => (ms === null || ms === 0 ? "none" : milliseconds(ms))).join(", ");
}

function some(words: string[]): string {
  const all = [...new Set(words)];
  const more = all.length - MOST;
  return all.slice(0, MOST).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
