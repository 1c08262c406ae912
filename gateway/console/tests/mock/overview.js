// @ts-check
/** @import { Attention, Explained, Overview, Send, Sent } from "../../src/api/types" */
/** @import { Route } from "./scenes.js" */
/** @import { World } from "./world.js" */
import { allFlow, backendOf, flowOf, stats } from "./numbers.js";
import { keep, make } from "./requests.js";
import { pluginOf } from "./things.js";

/** @param {World} world @returns {Overview} */
export function overview(world) {
  const second = Math.floor(Date.now() / 1000);
  const all = stats(allFlow(world, second), 60, "all", second);
  const running = world.kept.at(-1)?.about;
  const [listener] = world.document.listeners;
  return {
    now_ms: Date.now(),
    started_ms: world.started,
    version: "0.1.0",
    state: "serving",
    generation: world.generation,
    applied_ms: running ? Date.parse(running.at) : null,
    took_ms: running?.took_ms ?? null,
    addresses: [
      {
        listener: listener?.name ?? "web",
        address: listener?.address ?? "",
        hosts: ["*"],
        url: "http://localhost:30080/",
        curl: "curl -i http://localhost:30080/",
      },
    ],
    stats: all,
    in_flight: inFlight(world, second),
    connections: all.requests ? 14 : 0,
    workers: 2,
    memory_bytes: 61_400_000,
    attention: attention(world, second),
    source: world.source,
  };
}

/** @param {World} world @param {number} second */
function inFlight(world, second) {
  const each = world.document.routes.map(route => flowOf(world, route, second));
  return Math.round(each.reduce((sum, { rate, p50 }) => sum + (rate * p50) / 1000, 0));
}

/** @param {World} world @param {number} second @returns {Attention[]} */
function attention(world, second) {
  /** @type {Attention[]} */
  const found = world.rejected ? [refused(world)] : [];
  for (const route of world.document.routes.slice(0, 20)) {
    const flow = flowOf(world, route, second);
    if (flow.rate > 0 && flow.p50 > 1_000) found.push(slow(route, flow.p50));
    else if (flow.rate > 0 && flow.fails > 0.1 && !isSuspended(world, route))
      found.push(failing(world, route, flow.fails));
  }
  if (world.scene.is_broken) found.push(trapping());
  for (const { name, suspended } of world.document.services)
    if (suspended) found.push(suspendedService(name, suspended));
  const ranks = { critical: 0, warning: 1, notice: 2 };
  return found.sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}

/** Somebody wants it so: that it fails is not news. */
/** @param {World} world @param {Route} route */
function isSuspended(world, route) {
  const used = route.rules[0]?.backends.map(backendOf) ?? [];
  return used.every(({ service }) =>
    world.document.services.some(({ name, suspended }) => name === service && suspended),
  );
}

/** @param {World} world @returns {Attention} */
function refused(world) {
  const { message = "", line = 0, source = "" } = world.rejected?.diagnostics[0] ?? {};
  return {
    id: "configuration:rejected",
    severity: "warning",
    sentence: `The last change of the configuration was refused; generation ${world.generation} goes on serving.`,
    why: `${source}:${line}: ${message}`,
    subject: { kind: "configuration", name: source },
    actions: [{ label: "Show the mistake", href: "/configuration" }],
  };
}

/** @param {Route} route @param {number} p50 @returns {Attention} */
function slow({ name }, p50) {
  return {
    id: `route:${name}:slow`,
    severity: "warning",
    sentence: `Route \`${name}\` is slow: half of its requests take longer than ${(p50 / 1000).toFixed(1)} s.`,
    why: "It has no timeout, so its clients wait as long as the service does.",
    subject: { kind: "route", name },
    actions: [
      {
        label: "Set timeout 1s",
        edits: [{ op: "set", path: ["routes", { name }, "timeout"], value: "1s" }],
        reason: `${name} hangs`,
      },
      { label: "Slow requests", href: `/traces?q=route:${name}&sort=duration` },
    ],
  };
}

/** @param {World} world @param {Route} route @param {number} fails @returns {Attention} */
function failing(world, route, fails) {
  const backend = route.rules[0]?.backends[0];
  const service = backend ? backendOf(backend).service : "";
  const why = world.scene.behaviours[service]?.dead ?? null;
  return {
    id: `route:${route.name}:failing`,
    severity: fails > 0.3 ? "critical" : "warning",
    sentence: `${Math.round(Math.min(1, fails) * 100)} % of the requests on route \`${route.name}\` fail.`,
    why: route.timeout ? `They meet its timeout of ${route.timeout}.` : why,
    subject: { kind: "route", name: route.name },
    actions: [
      { label: "Failed requests", href: `/traces?q=route:${route.name}+is:failed` },
      {
        label: `Suspend ${service}`,
        edits: [
          { op: "set", path: ["services", { name: service }, "suspended"], value: "failing" },
        ],
        reason: `${service} fails`,
      },
    ],
  };
}

/** @returns {Attention} */
function trapping() {
  return {
    id: "plugin:auth:traps",
    severity: "critical",
    sentence: "Plugin `auth` traps in 38 % of its calls, and requests fail with it.",
    why: "`unreachable` in `proxy_on_request_headers`",
    subject: { kind: "plugin", name: "auth" },
    actions: [{ label: "Show the plugin", href: "/plugins/auth" }],
  };
}

/** @param {string} name @param {string} reason @returns {Attention} */
function suspendedService(name, reason) {
  return {
    id: `service:${name}:suspended`,
    severity: "notice",
    sentence: `Service \`${name}\` is suspended: requests to it get 503.`,
    why: reason,
    subject: { kind: "service", name },
    actions: [
      {
        label: "Resume",
        edits: [{ op: "remove", path: ["services", { name }, "suspended"] }],
        reason: `${name} is well again`,
      },
    ],
  };
}

/** The longest prefix wins. */
/** @param {World} world @param {string} path @returns {Route[]} The winner first. */
function matching(world, path) {
  const length = (/** @type {Route} */ route) =>
    route.rules[0]?.matches?.[0]?.path.prefix.length ?? 0;
  return world.document.routes
    .filter(route => path.startsWith(route.rules[0]?.matches?.[0]?.path.prefix ?? "/"))
    .sort((a, b) => length(b) - length(a));
}

/** @param {World} world @param {URLSearchParams} query @returns {Explained} */
export function explain(world, query) {
  const url = new URL(query.get("url") ?? "/", "http://localhost:30080/");
  const [route, ...others] = matching(world, url.pathname);
  const method = query.get("method") ?? "GET";
  const source = world.source.path;
  const line = world.text.split("\n").findIndex(text => text.includes(`name: ${route?.name}`)) + 1;
  const backends = (route?.rules[0]?.backends ?? []).map(backendOf);
  const whole = backends.reduce((sum, { weight }) => sum + weight, 0) || 1;
  return {
    found: !!route,
    text: `request   ${method} ${url.pathname}\nrule      \`${route?.name ?? "none"}/0\`\n`,
    request: { method, host: url.host, target: url.pathname + url.search },
    listener: { name: "web", address: "0.0.0.0:30080", source, line: 2 },
    host: { pattern: "*", known: ["*"] },
    rule: route
      ? { route: route.name, rule: `${route.name}/0`, why: "the longest prefix wins", source, line }
      : null,
    filters: (route?.filters ?? []).map(step => `plugin \`${pluginOf(step)}\``),
    timeout: route?.timeout ?? null,
    backends: backends.map(({ service, weight, suspended = null }) => ({
      service,
      share: `${Math.round((weight / whole) * 100)} %`,
      suspended,
      endpoints: (
        world.document.services.find(({ name }) => name === service)?.endpoints ?? []
      ).map(endpoint => (typeof endpoint === "string" ? endpoint : endpoint.address)),
    })),
    lost: others.map(({ name }) => ({
      route: name,
      rule: `${name}/0`,
      why: "a longer prefix wins",
      source,
      line: null,
    })),
    answer: route ? null : "404 no_route",
    notes: [],
  };
}

/** @param {World} world @param {Send} send @returns {Sent} */
export function send(world, { url, times = 1 }) {
  const path = new URL(url, "http://localhost/").pathname;
  const [route] = matching(world, path);
  if (!route) return { answers: [] };
  const requests = Array.from({ length: Math.min(10, times) }, () =>
    make(world, route, Date.now(), path),
  );
  keep(world, requests);
  const at = Math.floor(Date.now() / 1000);
  requests.forEach(() => world.sent.push({ route: route.name, at }));
  return {
    answers: requests.map(({ status, took_us, seq, trace_id, reason }) => ({
      status,
      took_ms: took_us / 1000,
      seq,
      trace_id,
      reason,
      content_type: "text/html",
      body: status < 400 ? "<!doctype html>\n<title>Fleet</title>\n" : null,
      error: null,
    })),
  };
}
