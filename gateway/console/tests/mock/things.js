// @ts-check
/** @import { Effective, EndpointStatus, Path, Plugin, RouteStatus, ServiceStatus } from "../../src/api/types" */
/** @import { Route, Service } from "./scenes.js" */
/** @import { World } from "./world.js" */
/** Services, routes and plugins as their pages ask for them. */
import { effectiveOf } from "./effective.js";
import { backendOf, durationMs, flowOf, serviceFlow, shareOf, stats } from "./numbers.js";
import { Refusal } from "./world.js";

const now = () => Math.floor(Date.now() / 1000);

/** @template {{ name: string }} T @param {T[]} list @param {string} kind @param {string} name @returns {T} */
export function named(list, kind, name) {
  const found = list.find(one => one.name === name);
  if (!found) throw new Refusal(404, `there is no ${kind} \`${name}\``);
  return found;
}

/** @param {World} world @param {Service} service @returns {ServiceStatus} */
export function serviceStatus(world, service) {
  const { name } = service;
  const used = world.document.routes.flatMap(route => {
    const weight = Math.round(shareOf(route, name) * 100);
    return weight ? [{ route: route.name, rule: `${route.name}/0`, weight }] : [];
  });
  return {
    name,
    suspended: service.suspended ?? null,
    connect_timeout_ms: durationMs(service.connect_timeout) ?? 1_000,
    endpoints: service.endpoints.map((_, at) => endpointStatus(world, service, at)),
    used_by: used,
    stats: stats(serviceFlow(world, name, now()), 60, name, now()),
    path: ["services", { name }],
  };
}

/** @param {World} world @param {Service} service @param {number} at @returns {EndpointStatus} */
function endpointStatus(world, service, at) {
  const written = service.endpoints[at] ?? "";
  const endpoint = typeof written === "string" ? { address: written } : written;
  const { address, weight = 1, suspended = null } = endpoint;
  const flow = serviceFlow(world, service.name, now());
  const share = flow.rate / service.endpoints.length;
  const dead =
    world.scene.behaviours[service.name]?.dead ??
    (address.startsWith("10.1.") ? "28 of its last 40 attempts failed: no route to host" : null);
  const stopped = suspended ?? service.suspended ?? null;
  const health = stopped ? "suspended" : dead ? "failing" : share ? "healthy" : "idle";
  return {
    address,
    weight,
    suspended,
    health,
    why: stopped ? `suspended: ${stopped}` : dead,
    resolved: /^[\d.]+:/.test(address) ? [] : ["10.96.4.7:8080"],
    stats: stats({ ...flow, rate: share, fails: dead ? 1 : 0 }, 60, address, now()),
    path: ["services", { name: service.name }, "endpoints", { address }],
  };
}

/** @param {World} world @param {Route} route @returns {RouteStatus} */
export function routeStatus(world, route) {
  /** @type {Path} */
  const path = ["routes", { name: route.name }];
  return {
    name: route.name,
    suspended: route.suspended ?? null,
    listeners: world.document.listeners.map(({ name }) => name),
    hosts: route.hosts ?? ["*"],
    rules: route.rules.map((rule, at) => {
      const own = durationMs(rule.timeout);
      const timeout = own ?? durationMs(route.timeout);
      return {
        name: `${route.name}/${at}`,
        matches: rule.matches?.map(({ path: { prefix } }) => `path starts with ${prefix}`) ?? [
          "everything",
        ],
        filters: (route.filters ?? []).map(step => `plugin ${pluginOf(step)}`),
        backends: rule.backends.map((backend, index) => {
          const { service, weight, suspended = null } = backendOf(backend);
          return { service, weight, suspended, path: [...path, "rules", at, "backends", index] };
        }),
        timeout_ms: timeout,
        timeout_from: own ? "rule" : timeout ? "route" : null,
        path: [...path, "rules", at],
      };
    }),
    stats: stats(flowOf(world, route, now()), 60, route.name, now()),
    path,
  };
}

/** @param {NonNullable<Route["filters"]>[number]} step */
export function pluginOf({ plugin }) {
  return typeof plugin === "string" ? plugin : plugin.name;
}

/** @param {World} world @param {Record<string, unknown>} written @returns {Plugin} */
export function plugin(world, written) {
  const name = String(written["name"]);
  const [kind = "bundled"] = ["bundled", "file", "oci", "url"].filter(one => one in written);
  const isTrapping = world.scene.is_broken && name === "auth";
  const digest = `sha256:${(name.length * 0x21818b2fa4).toString(16).padEnd(64, "a")}`.slice(0, 71);
  const requests = world.requests.length * 3;
  const phase = (/** @type {string} */ at, /** @type {number} */ mean_us) => ({
    phase: at,
    calls: requests,
    mean_us,
    p50_us: mean_us * 0.9,
    p99_us: mean_us * 3.1,
  });
  const places = world.document.routes.filter(({ filters }) =>
    filters?.some(one => pluginOf(one) === name),
  );
  return {
    name,
    source: `${kind}: ${written[kind]}`,
    version: "0.1.0",
    digest,
    abi: "proxy-wasm 0.2.1",
    on_failure: written["on_failure"] === "open" ? "open" : "closed",
    isolation: "worker",
    imports: [
      { name: "proxy_get_header_map_value", capability: null, offered: true, granted: true },
      { name: "proxy_http_call", capability: "calls", offered: true, granted: true },
    ],
    grants: ["calls", "clock", "metrics", "random"],
    versions: [
      {
        digest,
        state: "serving",
        requests,
        traps: isTrapping ? Math.round(requests * 0.38) : 0,
        deadlines: isTrapping ? 3 : 0,
        replaced: isTrapping ? 17 : 0,
        instances: 2,
        requests_inside: 1,
        calls_open: 0,
        memory_bytes: 1_179_648,
        cost: [phase("request_headers", 31), phase("response_headers", 3.4), phase("log", 3.2)],
        limits_met: isTrapping ? { deadline: 3 } : {},
      },
    ],
    places: places.slice(0, 50).map(route => ({
      route: route.name,
      rule: null,
      index: 0,
      enabled: true,
      path: ["routes", { name: route.name }, "filters", { plugin: name }, "plugin"],
    })),
    limits: [
      { name: "memory", value: "64 MiB" },
      { name: "deadline", value: "10 ms" },
    ],
    schema: name === "auth" ? AUTH_SCHEMA : null,
    configured: name === "auth",
    path: ["plugins", { name }],
    canary: written["canary"] ? { ...CANARY, ...written["canary"], digest } : null,
    signature: null,
    trouble: isTrapping
      ? "38 % of its calls trap: `unreachable` in `proxy_on_request_headers`"
      : null,
  };
}

const AUTH_SCHEMA = {
  required: ["realm"],
  properties: {
    realm: { type: "string", description: "What is asked for in `www-authenticate`." },
    mode: { enum: ["strict", "lax"], default: "strict", description: "What a wrong key means." },
    limits: { properties: { rate: { type: "integer", description: "Attempts a second." } } },
    keys: { type: "array", description: "Who may pass." },
  },
};

const CANARY = { percent: 10, requests: 412, failures: 3, stands: "running" };

/** @param {World} world @param {string} of @returns {Effective} */
export function effective(world, of) {
  const [kind = "", name = ""] = of.split(/:(.*)/s);
  const list = /** @type {Record<string, { name: string }[]>} */ ({
    service: world.document.services,
    route: world.document.routes,
    listener: world.document.listeners,
    plugin: world.document.plugins,
  })[kind];
  const item = named(list ?? [], kind, name);
  return effectiveOf(world, kind, item);
}
