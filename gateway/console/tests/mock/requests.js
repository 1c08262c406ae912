// @ts-check
/** @import { RequestPage, RequestSummary } from "../../src/api/types" */
/** @import { Route } from "./scenes.js" */
/** @import { World } from "./world.js" */
import { backendOf, durationMs, flowOf } from "./numbers.js";

/** Requests that are kept. */
const KEPT = 1_500;
let next = 1;

/** Some of what the last `seconds` would have brought. */
/** @param {World} world @param {number} seconds @param {number} most @returns {RequestSummary[]} */
export function arrive(world, seconds, most) {
  const now = Date.now();
  const come = world.document.routes.flatMap(route => {
    const rate = world.scene.rates[route.name] ?? 0;
    return Array.from({ length: Math.floor(rate * seconds + Math.random()) }, () => route);
  });
  const some = come.sort(() => Math.random() - 0.5).slice(0, most);
  const chosen = some.map(route => make(world, route, now - Math.random() * 250));
  keep(
    world,
    chosen.sort((a, b) => a.at_ms - b.at_ms),
  );
  return chosen;
}

/** @param {World} world @param {RequestSummary[]} requests */
export function keep(world, requests) {
  requests.forEach(request => (request.seq = next++));
  world.requests.push(...requests);
  world.requests.splice(0, world.requests.length - KEPT);
}

/** @param {World} world @param {Route} route @param {number} at @param {string} [target] @returns {RequestSummary} */
export function make(world, route, at, target) {
  const flow = flowOf(world, route, Math.floor(at / 1000));
  const rule = route.rules[0];
  const backends = (rule?.backends ?? []).map(backendOf).filter(({ weight }) => weight > 0);
  const backend = backends[Math.floor(Math.random() * backends.length)];
  const service = world.document.services.find(({ name }) => name === backend?.service);
  const endpoint = service?.endpoints[Math.floor(Math.random() * service.endpoints.length)];
  const timeout = durationMs(rule?.timeout) ?? durationMs(route.timeout);
  const isStopped = route.suspended ?? service?.suspended ?? null;
  const failed = Math.random() < flow.fails;
  const took = isStopped ? 0.2 : failed && timeout ? timeout : spread(flow.p50, flow.p99);
  const outcome = answer(failed, isStopped !== null, timeout);
  return {
    seq: 0,
    interest: outcome.status >= 500 ? "failed" : took > 1_000 ? "slow" : "sample",
    at_ms: Math.round(at),
    took_us: Math.round(took * 1000),
    method: Math.random() < 0.9 ? "GET" : "POST",
    scheme: "http",
    host: route.hosts?.[0] ?? "localhost:30080",
    target: target ?? pathOf(route),
    ...outcome,
    listener: world.document.listeners[0]?.name ?? null,
    route: route.name,
    service: service?.name ?? null,
    endpoint: isStopped
      ? null
      : typeof endpoint === "string"
        ? endpoint
        : (endpoint?.address ?? null),
    attempts: isStopped ? 0 : 1,
    client: `192.0.2.${1 + Math.floor(Math.random() * 40)}:${40_000 + Math.floor(Math.random() * 9_000)}`,
    request_id: crypto.randomUUID(),
    trace_id: crypto.randomUUID().replaceAll("-", ""),
  };
}

/** @param {Route} route */
function pathOf(route) {
  const prefix = route.rules[0]?.matches?.[0]?.path.prefix;
  return (
    prefix ?? ["/", "/map.js", "/style.css", "/tiles/7/4"][Math.floor(Math.random() * 4)] ?? "/"
  );
}

/** @param {boolean} failed @param {boolean} stopped @param {number | null} timeout */
function answer(failed, stopped, timeout) {
  if (stopped) return { status: 503, answered_by: "gateway", reason: "suspended" };
  if (failed && timeout) return { status: 504, answered_by: "gateway", reason: "timeout" };
  if (!failed)
    return { status: Math.random() < 0.01 ? 404 : 200, answered_by: "service", reason: null };
  return Math.random() < 0.5
    ? { status: 503, answered_by: "gateway", reason: "connect_failed" }
    : { status: 500, answered_by: "service", reason: null };
}

/** Durations between the percentiles: most near the first, few near the second. */
/** @param {number} p50 @param {number} p99 */
function spread(p50, p99) {
  const chance = Math.random();
  return chance < 0.9 ? p50 * (0.6 + 0.8 * Math.random()) : p50 + (p99 - p50) * Math.random();
}

/** A part of the language of the search box. */
/** @param {World} world @param {URLSearchParams} query @returns {RequestPage} */
export function page(world, query) {
  const terms = (query.get("q") ?? "").split(/\s+/).filter(Boolean);
  const found = world.requests.filter(request => terms.every(term => matches(request, term)));
  const sorted = [...found].sort(ORDERS[query.get("sort") ?? "interest"] ?? ORDERS["interest"]);
  const limit = Number(query.get("limit") ?? 50);
  const from = Number(query.get("after") ?? 0);
  return {
    requests: sorted.slice(from, from + limit),
    matches: found.length,
    searched: world.requests.length,
    next: from + limit < found.length ? String(from + limit) : null,
    note: null,
  };
}

const RANKS = { failed: 3, plugin: 2, slow: 1, sample: 0 };

/** @type {Record<string, (a: RequestSummary, b: RequestSummary) => number>} */
const ORDERS = {
  interest: (a, b) => RANKS[b.interest] - RANKS[a.interest] || b.seq - a.seq,
  time: (a, b) => b.seq - a.seq,
  duration: (a, b) => b.took_us - a.took_us,
};

/** @param {RequestSummary} request @param {string} term @returns {boolean} */
function matches(request, term) {
  if (term.startsWith("-")) return !matches(request, term.slice(1));
  const [, key = "", value = ""] = /^(\w+):(.*)$/.exec(term) ?? [];
  const status = String(request.status);
  if (key === "is") return request.interest === value;
  if (key === "status") return /^\dxx$/.test(value) ? status[0] === value[0] : status === value;
  if (key === "path") return request.target.includes(value);
  if (key === "id") return request.request_id === value || request.trace_id === value;
  if (key in request) return String(request[/** @type {keyof RequestSummary} */ (key)]) === value;
  const longer = /^>=?(\d+(?:ms|s))$/.exec(term);
  if (longer) return request.took_us / 1000 > (durationMs(longer[1]) ?? 0);
  return [request.target, request.host, request.route, request.service].join(" ").includes(term);
}
