/**
 * The rows of the waterfall: the spans of the trace, and what the gateway did in between. Times are
 * microseconds from the beginning of the trace.
 */
import type { Attempt, Filter, Phase, Span, Trace, Whole } from "../../api/traces";
import { attribute, isExchange, isGateway, parents, peer, title } from "./spans";

export interface Row {
  id: string;
  parent: string | null;
  depth: number;
  /** `gateway` and `service` are spans, `phase` is a stretch of one of the gateway's. */
  kind: "gateway" | "service" | "phase";
  /** Whose it is. */
  who: string;
  title: string;
  what: string | null;
  at_us: number;
  took_us: number;
  failed: boolean;
  /** It was over before the trace began, so it has no place on its axis. */
  isBefore: boolean;
  children: number;
  critical: Stretch[];
  gaps: Stretch[];
  span: Span | null;
  attempt: Attempt | null;
  filter: Filter | null;
}

export type Stretch = [from_us: number, to_us: number];

export function rows(trace: Trace, whole: Whole | null): Row[] {
  const above = parents(trace.spans);
  const below: number[][] = trace.spans.map(() => []);
  above.forEach((parent, at) => parent !== null && below[parent]!.push(at));
  const all: Row[] = [];
  const emit = (at: number, depth: number, parent: string | null) => {
    const row = spanRow(trace, at, depth, parent, whole);
    all.push(row);
    const inner = [
      ...phaseRows(row, whole).map(phase => ({ at_us: phase.at_us, phase, span: -1 })),
      ...below[at]!.map(span => ({ at_us: trace.spans[span]!.at_us, phase: null, span })),
    ];
    inner.sort((one, other) => one.at_us - other.at_us);
    row.children = inner.length;
    for (const { phase, span } of inner) {
      if (phase) all.push(phase);
      else emit(span, depth + 1, row.id);
    }
  };
  trace.spans.forEach((_, at) => above[at] === null && emit(at, 0, null));
  return all;
}

/** Those that no collapsed row hides. */
export function visible(all: Row[], collapsed: ReadonlySet<string>): Row[] {
  const hidden = new Set<string>();
  return all.filter(row => {
    const isHidden = row.parent !== null && (hidden.has(row.parent) || collapsed.has(row.parent));
    if (isHidden) hidden.add(row.id);
    return !isHidden;
  });
}

function spanRow(
  trace: Trace,
  at: number,
  depth: number,
  parent: string | null,
  whole: Whole | null,
): Row {
  const span = trace.spans[at]!;
  const of = (segments: Trace["gaps"]): Stretch[] =>
    segments.filter(({ span }) => span === at).map(({ from_us, to_us }) => [from_us, to_us]);
  const route = isExchange(span) ? attribute(span, "http.route") : null;
  return {
    id: span.span_id,
    parent,
    depth,
    kind: span.reported ? "service" : "gateway",
    who: isGateway(span) ? "gateway" : span.service,
    title: title(span),
    what: route ? `route ${route}` : null,
    at_us: span.at_us,
    took_us: span.took_us,
    failed: span.failed,
    isBefore: false,
    children: 0,
    critical: of(trace.critical_path),
    gaps: of(trace.gaps),
    span,
    attempt: whole?.attempts.find(({ span_id }) => span_id === span.span_id) ?? null,
    filter: filterOf(span, whole),
  };
}

function filterOf(span: Span, whole: Whole | null): Filter | null {
  const name = attribute(span, "portico.filter.name");
  if (!name || span.parent_id !== whole?.trace.span_id) return null;
  return whole.filters.find(filter => filter.name === name) ?? null;
}

/** What the phases of a request are called; those of an attempt are told by the attempt. */
const PHASES: Record<string, string> = {
  accept: "connection accepted",
  tls: "TLS handshake",
  head: "head read",
  matched: "rule found",
  filtered: "filters let it pass",
  queued: "endpoint chosen",
  connected: "connected",
  sent: "sent",
  first_byte: "waited for the first byte",
  answered: "head of the answer passed on",
  body: "body of the answer passed on",
  logged: "filters logged it",
};
const OF_ATTEMPTS = ["connected", "sent", "first_byte"];
const BEFORE = ["accept", "tls"];

function phaseRows(row: Row, whole: Whole | null): Row[] {
  if (!whole || !row.span) return [];
  if (row.span.span_id === whole.trace.span_id) {
    const isOwn = ({ phase }: Phase) => whole.attempts.length === 0 || !OF_ATTEMPTS.includes(phase);
    return whole.timeline.filter(isOwn).map(phase => phaseRow(row, phase, whole));
  }
  return row.attempt ? attemptRows(row, row.attempt) : [];
}

function phaseRow(row: Row, phase: Phase, whole: Whole): Row {
  const title = PHASES[phase.phase] ?? phase.phase;
  if (BEFORE.includes(phase.phase)) {
    const before = stretch(row, phase.phase, title, row.at_us, phase.took_us, phase.what);
    return { ...before, isBefore: true };
  }
  // What the last attempt took is told by the attempt.
  const last = whole.attempts.at(-1);
  const asked = last ? (last.first_byte_us ?? last.at_us + last.took_us) : 0;
  const isAfter = phase.phase === "answered" && asked <= phase.at_us;
  const from = isAfter ? Math.max(asked, phase.at_us - phase.took_us) : phase.at_us - phase.took_us;
  return stretch(row, phase.phase, title, row.at_us + from, phase.at_us - from, phase.what);
}

function attemptRows(row: Row, attempt: Attempt): Row[] {
  const began = attempt.at_us;
  const ended = began + attempt.took_us;
  const { connected_us: connected, sent_us: sent, first_byte_us: first } = attempt;
  const shift = row.at_us - began;
  const found: Row[] = [];
  const say = (name: string, words: string, from: number, to: number, what: string) =>
    found.push(stretch(row, name, words, from + shift, Math.max(0, to - from), what));
  const took = attempt.reused ? "took a kept connection" : "connected";
  const how = connected === null ? "got no connection" : took;
  say("connect", how, began, connected ?? ended, `to ${attempt.endpoint}`);
  if (connected === null) return found;
  say("send", "sent the request", connected, sent ?? ended, "until its last byte was gone");
  if (sent === null) return found;
  const service = (row.span && peer(row.span)) ?? "the service";
  say("wait", `waited for ${service}`, sent, first ?? ended, "until the first byte of its answer");
  if (first !== null) say("receive", "received the answer", first, ended, "until its last byte");
  return found;
}

function stretch(
  above: Row,
  name: string,
  title: string,
  at_us: number,
  took_us: number,
  what: string,
): Row {
  return {
    id: `${above.id}/${name}`,
    parent: above.id,
    depth: above.depth + 1,
    kind: "phase",
    who: "gateway",
    title,
    what,
    at_us,
    took_us,
    failed: false,
    isBefore: false,
    children: 0,
    critical: [],
    gaps: [],
    span: null,
    attempt: null,
    filter: null,
  };
}
