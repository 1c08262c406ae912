// @ts-check
/** @import { RequestSummary } from "../../src/api/types" */
/** @import { World } from "./world.js" */
/** One request whole, its trace, two traces compared, and the doctor: shaped as the gateway does. */
import { Refusal } from "./world.js";

/** @param {World} world @param {string} id A `seq` or a trace id. @returns {RequestSummary} */
export function find(world, id) {
  const found = world.requests.find(one => String(one.seq) === id || one.trace_id === id);
  if (!found) throw new Refusal(404, `request ${id} is not kept any more, or never was`);
  return found;
}

/** @param {number} us */
function words(us) {
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${Math.round(us / 1000)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}

/** @param {RequestSummary} summary @returns {[string, string, number][]} */
function phases({ took_us, endpoint }) {
  const end = Math.max(took_us, 160);
  /** @type {[string, string, number][]} */
  const before = [
    ["head", "the request's head came", 22],
    ["matched", "a rule was found", 46],
    ["filtered", "filters let the request go on, or answered", 98],
  ];
  if (!endpoint)
    return [...before, ["answered", "the head of the answer went to the client", end - 30]];
  return [
    ...before,
    ["queued", "an endpoint was chosen", 104],
    ["connected", "a connection to the service was there", 118],
    ["sent", "the whole request was sent", 126],
    ["first_byte", "the service began to answer", end - 25],
    ["answered", "the head of the answer went to the client", end - 14],
    ["body", "the last byte of the answer went to the client", end - 3],
  ];
}

/** @param {World} world @param {string} id */
export function whole(world, id) {
  const summary = find(world, id);
  let last = 0;
  const timeline = [
    ...phases(summary),
    ["logged", "filters logged the request", summary.took_us],
  ].map(([phase, what, at]) => {
    const at_us = Number(at);
    const took_us = Math.max(0, at_us - last);
    last = at_us;
    return { phase, what, at_us, took_us, took: words(took_us) };
  });
  const { service, route, status, reason, endpoint, took_us } = summary;
  return {
    summary,
    at: new Date(summary.at_ms).toISOString(),
    took: words(took_us),
    worker: 0,
    generation: world.generation,
    rule: `${route}/0`,
    client: {
      address: summary.client,
      local: "127.0.0.1:30080",
      connection: 25,
      earlier_requests: 3,
      tls: null,
    },
    trace: {
      trace_id: summary.trace_id,
      span_id: "f637246fb893990a",
      parent_id: null,
      sampled: true,
    },
    story: story(summary),
    timeline,
    filters: [filter("tracing", 37)],
    attempts: endpoint ? [attempt(summary)] : [],
    request: {
      version: "HTTP/1.1",
      headers: [
        ["host", summary.host],
        ["user-agent", "Mozilla/5.0"],
        ["cookie", "[redacted]"],
        ["x-request-id", summary.request_id],
      ],
      body_bytes: 0,
    },
    response: {
      status,
      complete: true,
      details: reason ?? "via_upstream",
      flags: [],
      headers: [
        ["content-type", "application/json"],
        ["server", "portico"],
        ...(reason ? [["x-portico-reason", reason]] : []),
      ],
      body_bytes: 512,
    },
    service,
  };
}

/** @param {RequestSummary} summary */
function story({ method, target, listener, route, service, endpoint, status, reason, took_us }) {
  const lines = [
    {
      about: "course",
      text: `\`${method} ${target}\` came to listener \`${listener}\`; rule \`${route}/0\` sends it to \`${service}\`.`,
    },
  ];
  if (reason === "timeout") {
    lines.push({
      about: "cause",
      text: `\`${service}\` (${endpoint}) did not answer in ${words(took_us)}, the timeout of route \`${route}\`.`,
    });
  } else if (reason === "suspended") {
    lines.push({ about: "cause", text: `\`${service}\` is suspended.` });
    lines.push({ about: "next", text: "Resume it when it is well again." });
  } else if (endpoint) {
    lines.push({
      about: "course",
      text: `\`${service}\` (${endpoint}) answered ${status} after ${words(took_us)}.`,
    });
  }
  const got = reason
    ? `The client got ${status} (\`${reason}\`).`
    : `The client had the whole answer after ${words(took_us)}.`;
  return [...lines, { about: "course", text: got }];
}

/** @param {string} name @param {number} took_us */
function filter(name, took_us) {
  const times = {
    on_request_us: 52,
    on_response_us: 61,
    callbacks: 5,
    took_us,
    took: words(took_us),
  };
  return {
    name,
    is_plugin: true,
    is_canary: false,
    ...times,
    waited_us: 0,
    failed: null,
    calls: [],
  };
}

/** @param {RequestSummary} summary */
function attempt({ endpoint, took_us, status, reason }) {
  const answered = reason === null;
  return {
    span_id: "8150780de1042098",
    endpoint,
    reused: true,
    at_us: 104,
    connected_us: 118,
    sent_us: 126,
    first_byte_us: answered ? took_us - 25 : null,
    took_us: took_us - 110,
    took: words(took_us - 110),
    outcome: answered ? "answered" : reason === "timeout" ? "timed_out" : "refused",
    status: answered ? status : null,
    cause: answered ? null : "no answer in time",
  };
}

/** @param {World} world @param {string} id */
export function trace(world, id) {
  const { trace_id, at_ms, took_us, method, route, service, status, reason } = find(world, id);
  const failed = status >= 500;
  const inner = Math.max(10, took_us - 300);
  /** @type {[number, string, string, string, number, number][]} */
  const rows = [
    [0, "portico", `${method} ${route}`, "server", 0, took_us],
    [1, "portico", "filter tracing", "internal", 52, 37],
    [1, "portico", method, "client", 104, Math.max(1, took_us - 110)],
  ];
  if (reason === null && service) {
    rows.push([2, service, `${method} ${service}`, "server", 200, inner]);
    rows.push([3, service, "SELECT drivers", "client", 240, Math.max(1, inner - 60)]);
  }
  const spans = rows.map(([depth, of, name, kind, at_us, took], index) => ({
    span_id: (index + 1).toString(16).padStart(16, "0"),
    parent_id: depth ? depth.toString(16).padStart(16, "0") : null,
    depth,
    service: of,
    name,
    kind,
    at_us,
    took_us: took,
    failed: failed && kind !== "internal",
    message: failed && depth === 0 ? `the gateway says: ${reason ?? status}` : null,
    reported: of !== "portico",
    parent_missing: false,
    outside_parent: false,
    critical_us: index === rows.length - 1 ? took : 40,
    attributes: [
      ["http.request.method", method],
      ["http.response.status_code", status],
      ["portico.rule", `${route}/0`],
    ],
  }));
  const last = spans.length - 1;
  return {
    trace_id,
    at_ms,
    took_us,
    spans,
    critical_path: [
      { span: 0, from_us: 0, to_us: 104 },
      { span: last, from_us: 104, to_us: took_us - 20 },
      { span: 0, from_us: took_us - 20, to_us: took_us },
    ],
    gaps: [],
    notes: reason ? [] : [`sight ends at \`${service}\``],
  };
}

/** @param {World} world @param {string} first @param {string} second */
export function compare(world, first, second) {
  const [a, b] = [trace(world, first), trace(world, second)];
  const spans = Array.from({ length: Math.max(a.spans.length, b.spans.length) }, (_, at) => {
    const [one, two] = [a.spans[at], b.spans[at]];
    const { depth, service, name, kind } = one ?? two ?? a.spans[0] ?? {};
    const side = (/** @type {typeof one} */ span) =>
      span ? { span: at, took_us: span.took_us, failed: span.failed } : null;
    const delta_us = one && two ? two.took_us - one.took_us : null;
    return {
      depth,
      service,
      name,
      kind,
      first: side(one),
      second: side(two),
      delta_us,
      own_delta_us: delta_us,
    };
  });
  const delta_us = b.took_us - a.took_us;
  const only = (/** @type {number} */ n) => Math.max(0, n);
  return {
    delta_us,
    spans,
    only_first: only(a.spans.length - b.spans.length),
    only_second: only(b.spans.length - a.spans.length),
    words: `The second took ${words(Math.abs(delta_us))} ${delta_us < 0 ? "less" : "more"}.`,
    a,
    b,
  };
}

/** @param {World} world */
export function doctor(world) {
  const isBroken = world.scene.is_broken;
  const services = world.document.services.slice(0, 20).map(({ name }) => {
    const drops = isBroken && name === "position-tracker";
    const verdict = drops ? "drops" : name === "web" ? "no_calls" : "passes_on";
    return { service: name, verdict, words: `\`${name}\`: ${verdict.replace("_", " ")}.` };
  });
  const finding = {
    service: "position-tracker",
    called: ["staff"],
    dropped: 31,
    calls: 31,
    by_chance: 0.2,
    trace_id: world.requests[0]?.trace_id ?? "0".repeat(32),
    lost_trace_id: world.requests[1]?.trace_id ?? "1".repeat(32),
    words:
      "`position-tracker` drops the trace context: 31 of its 31 calls to `staff` begin a trace of their own. Pass the headers `traceparent` and `tracestate` on.",
  };
  return {
    words: isBroken
      ? "`position-tracker` drops the trace context."
      : `None of the ${services.length} services that were at work is known to drop the trace context.`,
    findings: isBroken ? [finding] : [],
    services,
  };
}
