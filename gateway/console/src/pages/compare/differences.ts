/** Where two traces differ, in words and in the order of how much. */
import type { Comparison, Pair, Trace } from "../../api/traces";
import { microseconds } from "../../ui/format";
import { attribute, GATEWAY, isAttempt, isExchange, peer, title } from "../trace/spans";

/** What a pair of spans is called: the spans themselves know it better than their names. */
export function pairTitle(pair: Pair, { a, b }: { a: Trace; b: Trace }): string {
  const span = spanOf(pair, a, b);
  return span ? title(span) : pair.name;
}

/** Whose span it is. */
export function pairOwner(pair: Pair): string {
  return pair.service === GATEWAY ? "gateway" : pair.service;
}

/** `waiting for staff at 127.0.0.1:32004` */
function blame(pair: Pair, { a, b }: Comparison): string {
  const span = spanOf(pair, a, b);
  if (span && isAttempt(span)) return `waiting for \`${peer(span) ?? "the service"}\``;
  if (span && isExchange(span)) return `the gateway's own work for \`${title(span)}\``;
  const owner = pairOwner(pair);
  const filter = span && attribute(span, "portico.filter.name");
  return filter ? `the filter \`${filter}\`` : `\`${pair.name}\` of \`${owner}\``;
}

/** What made the second slower or faster. */
export function inWords(comparison: Comparison): string[] {
  const { delta_us, spans } = comparison;
  const sentences = [total(delta_us)];
  const cause = largest(spans, Math.sign(delta_us));
  if (cause && delta_us !== 0) {
    const own = Math.abs(cause.own_delta_us ?? 0);
    const part = own / Math.abs(delta_us);
    const much = part > 0.9 ? "Nearly all of it" : part > 0.5 ? "Most of it" : "The largest part";
    sentences.push(`${much}, ${microseconds(own)}, is ${blame(cause, comparison)}.`);
  }
  for (const [which, missing] of [
    ["first", "second"],
    ["second", "first"],
  ] as const) {
    const only = spans.filter(pair => pair[missing] === null);
    const tops = only.filter(pair => !isBelowAnother(pair, only, spans));
    if (tops.length === 0) continue;
    const names = tops.slice(0, 3).map(pair => `\`${pairTitle(pair, comparison)}\``);
    const more = tops.length > names.length ? ` and ${tops.length - names.length} more` : "";
    sentences.push(`Only the ${which} has ${names.join(", ")}${more}.`);
  }
  const failed = spans.find(pair => pair.second?.failed && pair.first && !pair.first.failed);
  if (failed) {
    sentences.push(
      `\`${pairTitle(failed, comparison)}\` failed in the second and not in the first.`,
    );
  }
  return sentences;
}

function total(delta_us: number): string {
  if (delta_us === 0) return "Both took the same time.";
  const time = microseconds(Math.abs(delta_us));
  return delta_us > 0 ? `The second took ${time} longer.` : `The second took ${time} less.`;
}

/** The pair that accounts for most of the difference by itself, in the same direction. */
export function largest(pairs: Pair[], direction: number): Pair | null {
  let best: Pair | null = null;
  for (const pair of pairs) {
    const own = (pair.own_delta_us ?? 0) * direction;
    if (own > 0 && own > (best?.own_delta_us ?? 0) * direction) best = pair;
  }
  return best;
}

function isBelowAnother(pair: Pair, only: Pair[], all: Pair[]): boolean {
  const at = all.indexOf(pair);
  for (let above = at - 1; above >= 0; above -= 1) {
    const other = all[above]!;
    if (other.depth < pair.depth) return only.includes(other);
  }
  return false;
}

function spanOf(pair: Pair, a: Trace, b: Trace) {
  if (pair.first) return a.spans[pair.first.span];
  return pair.second ? b.spans[pair.second.span] : undefined;
}
