/** A trace for tests: `positions` is slow because it waits for `staff`, which tells of its work. */
import type { Attempt, Span, Trace, Whole } from "../../api/traces";

export function span(over: Partial<Span> & { span_id: string }): Span {
  return {
    parent_id: null,
    depth: 0,
    service: "portico",
    name: "GET",
    kind: "internal",
    at_us: 0,
    took_us: 0,
    failed: false,
    message: null,
    reported: false,
    parent_missing: false,
    outside_parent: false,
    critical_us: 0,
    attributes: [],
    ...over,
  };
}

export function attempt(over: Partial<Attempt> & { span_id: string }): Attempt {
  return {
    endpoint: "127.0.0.1:32002",
    reused: true,
    at_us: 30,
    connected_us: 36,
    sent_us: 50,
    first_byte_us: 9_950,
    took_us: 9_930,
    took: "9.93 ms",
    outcome: "answered",
    status: 200,
    cause: null,
    ...over,
  };
}

function exchange(route: string, path: string): Span["attributes"] {
  return [
    ["http.request.method", "GET"],
    ["url.path", path],
    ["http.route", route],
    ["portico.rule", `${route}/0`],
  ];
}

export function slow(): Trace {
  const spans = [
    span({
      span_id: "a0",
      kind: "server",
      took_us: 10_000,
      critical_us: 60,
      attributes: exchange("positions", "/api/positions"),
    }),
    span({
      span_id: "a1",
      parent_id: "a0",
      depth: 1,
      name: "filter tracing",
      at_us: 14,
      took_us: 9,
      attributes: [["portico.filter.name", "tracing"]],
    }),
    span({
      span_id: "a2",
      parent_id: "a0",
      depth: 1,
      kind: "client",
      at_us: 30,
      took_us: 9_930,
      critical_us: 930,
      attributes: [["service.peer.name", "position-tracker"]],
    }),
    span({
      span_id: "b0",
      parent_id: "a2",
      depth: 2,
      kind: "server",
      at_us: 500,
      took_us: 9_010,
      critical_us: 10,
      attributes: exchange("staff", "/api/staff/drivers"),
    }),
    span({
      span_id: "b1",
      parent_id: "b0",
      depth: 3,
      kind: "client",
      at_us: 510,
      took_us: 9_000,
      critical_us: 1_000,
      attributes: [["service.peer.name", "staff"]],
    }),
    span({
      span_id: "c0",
      parent_id: "b1",
      depth: 4,
      service: "staff",
      name: "find drivers",
      reported: true,
      at_us: 1_000,
      took_us: 8_000,
      critical_us: 8_000,
    }),
  ];
  return {
    trace_id: "00000000000000000000000000000001",
    at_ms: 1_000,
    took_us: 10_000,
    spans,
    critical_path: [{ span: 5, from_us: 1_000, to_us: 9_000 }],
    gaps: [{ span: 4, from_us: 510, to_us: 1_000 }],
    notes: [],
  };
}

export function whole(): Whole {
  const phase = (phase: string, at_us: number, took_us: number) => ({
    phase,
    what: phase,
    at_us,
    took_us,
    took: "",
  });
  return {
    summary: {
      seq: 7,
      interest: "slow",
      at_ms: 1_000,
      took_us: 10_000,
      method: "GET",
      scheme: "http",
      host: "localhost:30080",
      target: "/api/positions?token=[redacted]&n=1",
      status: 200,
      answered_by: "service",
      reason: null,
      listener: "web",
      route: "positions",
      service: "position-tracker",
      endpoint: "127.0.0.1:32002",
      attempts: 1,
      client: "127.0.0.1:5000",
      request_id: "r",
      trace_id: "00000000000000000000000000000001",
    },
    at: "",
    took: "10 ms",
    worker: 0,
    generation: 2,
    rule: "positions/0",
    client: {
      address: "127.0.0.1:5000",
      local: "127.0.0.1:30080",
      connection: 1,
      earlier_requests: 0,
      tls: null,
    },
    trace: { trace_id: "1", span_id: "a0", parent_id: null, sampled: true },
    story: [],
    timeline: [
      phase("accept", 0, 12),
      phase("head", 5, 5),
      phase("matched", 12, 7),
      phase("filtered", 26, 14),
      phase("queued", 30, 4),
      phase("connected", 36, 6),
      phase("sent", 50, 14),
      phase("first_byte", 9_950, 9_900),
      phase("answered", 9_960, 10),
      phase("body", 9_990, 30),
      phase("logged", 10_000, 10),
    ],
    filters: [
      {
        name: "tracing",
        is_plugin: true,
        is_canary: false,
        on_request_us: 14,
        on_response_us: 9_952,
        callbacks: 5,
        took_us: 9,
        took: "9 µs",
        waited_us: 0,
        failed: null,
        calls: [],
      },
    ],
    attempts: [attempt({ span_id: "a2" })],
    request: {
      version: "HTTP/1.1",
      headers: [
        ["host", "localhost:30080"],
        ["accept", "*/*"],
        ["x-user", "7"],
        ["authorization", "[redacted]"],
        ["x-request-id", "r"],
        ["traceparent", "00-1-2-03"],
      ],
      body_bytes: 0,
    },
    response: { status: 200, complete: true, details: "", flags: [], headers: [], body_bytes: 10 },
  };
}
