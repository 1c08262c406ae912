/** What the gateway tells about single requests, traces, and what follows from many of them. */
import { call, get, post } from "./client";
import type { Explained, RequestPage, RequestSummary, Send, Sent } from "./types";

// ---------------------------------------------------------------- one request

/** `GET /api/v1/requests/SEQ` */
export interface Whole {
  summary: RequestSummary;
  /** RFC 3339, with microseconds. */
  at: string;
  took: string;
  worker: number;
  generation: number;
  /** `staff/0`: the route's name, and the rule's name or number in it. */
  rule: string | null;
  client: Client;
  trace: { trace_id: string; span_id: string; parent_id: string | null; sampled: boolean };
  story: Sentence[];
  /** In the order in which they were over. */
  timeline: Phase[];
  filters: Filter[];
  attempts: Attempt[];
  request: { version: string; headers: [string, string][]; body_bytes: number };
  response: {
    status: number;
    complete: boolean;
    details: string;
    /** Envoy's: `UT`, `UF`. */
    flags: string[];
    headers: [string, string][];
    body_bytes: number;
  };
}

export interface Client {
  address: string;
  local: string;
  connection: number;
  earlier_requests: number;
  tls: {
    version: string;
    cipher: string;
    server_name: string | null;
    alpn: string | null;
    peer: string | null;
  } | null;
}

export interface Sentence {
  about: "course" | "cause" | "next";
  /** Names stand in backticks. */
  text: string;
}

export interface Phase {
  phase: string;
  what: string;
  /** When it was over, from the request's first byte. */
  at_us: number;
  took_us: number;
  took: string;
}

export interface Filter {
  name: string;
  is_plugin: boolean;
  is_canary: boolean;
  /** When it was called with the request's and the response's head. */
  on_request_us: number | null;
  on_response_us: number | null;
  callbacks: number;
  took_us: number;
  took: string;
  waited_us: number;
  failed: string | null;
  calls: {
    target: string;
    kind: string;
    at_us: number;
    took_us: number;
    took: string;
    status: number | null;
  }[];
}

export interface Attempt {
  span_id: string;
  endpoint: string;
  reused: boolean;
  at_us: number;
  connected_us: number | null;
  sent_us: number | null;
  first_byte_us: number | null;
  took_us: number;
  took: string;
  outcome: "answered" | "cancelled" | "protocol" | "refused" | "reset" | "stale" | "timed_out";
  status: number | null;
  cause: string | null;
}

// ---------------------------------------------------------------- a trace

/** `GET /api/v1/traces/ID`; the id of a trace, or the number of a request. */
export interface Trace {
  trace_id: string;
  at_ms: number;
  took_us: number;
  /** Depth first. */
  spans: Span[];
  /** What the duration of the first root is made of. */
  critical_path: Segment[];
  /** Times in a span when none of its children ran. */
  gaps: Segment[];
  notes: string[];
}

export interface Span {
  span_id: string;
  parent_id: string | null;
  depth: number;
  service: string;
  name: string;
  kind: "client" | "consumer" | "internal" | "producer" | "server";
  at_us: number;
  took_us: number;
  failed: boolean;
  message: string | null;
  /** A service reported it; otherwise it is the gateway's own. */
  reported: boolean;
  parent_missing: boolean;
  outside_parent: boolean;
  critical_us: number;
  attributes: [string, string | number | boolean][];
}

export interface Segment {
  /** Index in the trace's spans. */
  span: number;
  from_us: number;
  to_us: number;
}

/** `GET /api/v1/traces/compare?a=&b=` */
export interface Comparison {
  /** Positive: the second took longer. */
  delta_us: number;
  spans: Pair[];
  only_first: number;
  only_second: number;
  words: string;
  a: Trace;
  b: Trace;
}

export interface Pair {
  depth: number;
  service: string;
  name: string;
  kind: Span["kind"];
  first: Side | null;
  second: Side | null;
  delta_us: number | null;
  /** What its children do not account for. */
  own_delta_us: number | null;
}

export interface Side {
  span: number;
  took_us: number;
  failed: boolean;
}

// ---------------------------------------------------------------- the doctor

/** `GET /api/v1/doctor` */
export interface Diagnosis {
  words: string;
  findings: Finding[];
  services: Checked[];
}

export interface Finding {
  service: string;
  called: string[];
  dropped: number;
  calls: number;
  /** How many of `dropped` chance alone would have made. */
  by_chance: number;
  trace_id: string;
  lost_trace_id: string;
  words: string;
}

export interface Checked {
  service: string;
  verdict: "drops" | "no_calls" | "passes_on" | "unclear";
  words: string;
}

// ---------------------------------------------------------------- calls

export type Sort = "interest" | "time" | "duration";

export interface Search {
  q?: string;
  sort?: Sort;
  limit?: number;
  after?: string;
}

export function requests({ q, sort, limit, after }: Search): Promise<RequestPage> {
  return get<RequestPage>("/api/v1/requests", { q, sort, limit: limit?.toString(), after });
}

export function whole(seq: string | number): Promise<Whole> {
  return get<Whole>(`/api/v1/requests/${encodeURIComponent(seq)}`);
}

export function trace(id: string | number): Promise<Trace> {
  return get<Trace>(`/api/v1/traces/${encodeURIComponent(id)}`);
}

export function compare(a: string, b: string): Promise<Comparison> {
  return get<Comparison>("/api/v1/traces/compare", { a, b });
}

export function doctor(): Promise<Diagnosis> {
  return get<Diagnosis>("/api/v1/doctor");
}

export function harAddress(q: string): string {
  return `/api/v1/requests/har${q ? `?${new URLSearchParams({ q }).toString()}` : ""}`;
}

export function otlpAddress(id: string | number): string {
  return `/api/v1/traces/${encodeURIComponent(id)}/otlp`;
}

export function explain(method: string, url: string, headers: string[]): Promise<Explained> {
  const query = new URLSearchParams({ method, url });
  headers.forEach(header => query.append("header", header));
  return call<Explained>("GET", `/api/v1/explain?${query.toString()}`);
}

export function send(what: Send): Promise<Sent> {
  return post<Sent>("/api/v1/send", what);
}
