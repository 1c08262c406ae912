// @ts-check
/** @import { History, Stats } from "../../src/api/types" */
/** @import { Backend, Behaviour, Document, Route, Rule } from "./scenes.js" */
/** @import { World } from "./world.js" */
/** What is counted, computed from how services behave instead of by sending requests. */

/** @typedef {{ rate: number, fails: number, p50: number, p99: number }} Flow */

/** The same at the same moment, so that two questions get one answer. */
/** @param {string} name @param {number} second */
export function wobble(name, second) {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 9973;
  const slow = Math.sin((second + hash) / 47) * 0.15 + Math.sin((second + hash * 3) / 13) * 0.1;
  const fast = ((Math.imul(hash + second, 2654435761) >>> 16) % 1000) / 1000 - 0.5;
  return 1 + slow + fast * 0.12;
}

/** @param {string | undefined} text @returns {number | null} */
export function durationMs(text) {
  const found = /^(\d+)(ms|s|m|h)$/.exec(text ?? "");
  if (!found) return null;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found[2] ?? ""] ?? 1;
  return Number(found[1]) * unit || null;
}

/** @param {Rule["backends"][number]} backend @returns {Required<Pick<Backend, "weight" | "service">> & Backend} */
export function backendOf(backend) {
  return typeof backend === "string" ? { service: backend, weight: 1 } : { weight: 1, ...backend };
}

/** @param {World} world @param {string} name @param {number | null} timeout @returns {Flow} */
export function answersOf(world, name, timeout) {
  const service = world.document.services.find(one => one.name === name);
  const behaviour = world.scene.behaviours[name] ?? { p50: 2, p99: 9, fails: 0 };
  if (!service || service.suspended) return { rate: 0, fails: 1, p50: 0.1, p99: 0.3 };
  if (service.endpoints.every(one => typeof one !== "string" && one.suspended))
    return { rate: 0, fails: 1, p50: 0.1, p99: 0.3 };
  return cut(withWaiting(world, behaviour), timeout);
}

/** @param {World} world @param {Behaviour} behaviour @returns {Behaviour} */
function withWaiting(world, behaviour) {
  if (!behaviour.waits_for) return behaviour;
  const route = world.document.routes.find(({ name }) => name === behaviour.waits_for);
  const other = route ? flowOf(world, route, 0) : null;
  if (!other) return behaviour;
  return { ...behaviour, p50: behaviour.p50 + other.p50, p99: behaviour.p99 + other.p99 };
}

/** @param {Behaviour} behaviour @param {number | null} timeout @returns {Flow} */
function cut({ p50, p99, fails, hangs = 0, hang_ms = 0 }, timeout) {
  const flow = {
    rate: 0,
    fails,
    p50: hangs > 0.5 ? hang_ms : p50,
    p99: hangs ? hang_ms * 1.5 : p99,
  };
  if (timeout === null || flow.p99 < timeout) return flow;
  const late = hangs || (flow.p50 > timeout ? 0.9 : 0.02);
  return {
    ...flow,
    fails: fails + (1 - fails) * late,
    p50: Math.min(flow.p50, timeout),
    p99: timeout,
  };
}

/** @param {World} world @param {Route} route @param {number} second @returns {Flow} */
export function flowOf(world, route, second) {
  const rate = rateOf(world, route.name, second);
  const rule = route.rules[0];
  if (!rule || route.suspended) return { rate, fails: route.suspended ? 1 : 0, p50: 0.1, p99: 0.3 };
  const timeout = durationMs(rule.timeout) ?? durationMs(route.timeout);
  const backends = rule.backends.map(backendOf).filter(({ suspended }) => !suspended);
  const whole = backends.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const flow = { rate, fails: 0, p50: 0, p99: 0 };
  for (const { service, weight } of backends) {
    const one = answersOf(world, service, timeout);
    flow.fails += (one.fails * weight) / whole;
    flow.p50 += (one.p50 * weight) / whole;
    flow.p99 = Math.max(flow.p99, one.p99);
  }
  return flow;
}

/** @param {World} world @param {string} route @param {number} second */
export function rateOf(world, route, second) {
  const steady = (world.scene.rates[route] ?? 0) * (second ? wobble(route, second) : 1);
  const sent = world.sent.filter(one => one.route === route && one.at > second - 60).length;
  return steady + (second ? sent / 60 : 0);
}

/** @param {Flow} flow @param {number} window @param {string} name @param {number} second @returns {Stats} */
export function stats({ rate, fails, p50, p99 }, window, name, second) {
  const requests = Math.round(rate * window);
  const errors = Math.min(requests, Math.round(requests * Math.min(1, fails)));
  const shape = wobble(name, second);
  const misses = Math.round((requests - errors) * 0.01);
  return {
    requests,
    requests_per_second: rate,
    errors,
    error_share: requests ? errors / requests : null,
    classes: [0, 0, requests - errors - misses, 0, misses, errors],
    p50_ms: requests ? p50 * shape : null,
    p90_ms: requests ? (p50 * 2 + p99) * 0.33 * shape : null,
    p99_ms: requests ? p99 * shape : null,
    bytes_in: requests * 180,
    bytes_out: requests * 2_300,
    last_seen: requests ? second : null,
  };
}

/** @param {Flow[]} flows @returns {Flow} */
export function sum(flows) {
  const rate = flows.reduce((all, flow) => all + flow.rate, 0);
  const fails = rate ? flows.reduce((all, flow) => all + flow.fails * flow.rate, 0) / rate : 0;
  const p99 = Math.max(0, ...flows.filter(flow => flow.rate > 0).map(flow => flow.p99));
  let below = 0;
  const middle = [...flows]
    .sort((a, b) => a.p50 - b.p50)
    .find(flow => (below += flow.rate) >= rate / 2);
  return { rate, fails, p50: middle?.p50 ?? 0, p99 };
}

/** What reaches a service, over all routes. */
/** @param {World} world @param {string} name @param {number} second @returns {Flow} */
export function serviceFlow(world, name, second) {
  const users = usersOf(world.document).get(name) ?? [];
  return sum(
    users.map(({ route, share }) => {
      const timeout = durationMs(route.rules[0]?.timeout) ?? durationMs(route.timeout);
      const rate = rateOf(world, route.name, second) * share;
      return { ...answersOf(world, name, timeout), rate };
    }),
  );
}

/** @typedef {{ route: Route, share: number }} User */
/** @type {WeakMap<Document, Map<string, User[]>>} Documents are never changed, only replaced. */
const users = new WeakMap();

/** @param {Document} document */
function usersOf(document) {
  const known = users.get(document);
  if (known) return known;
  /** @type {Map<string, User[]>} */
  const all = new Map(document.services.map(({ name }) => [name, []]));
  for (const route of document.routes)
    for (const name of new Set(route.rules[0]?.backends.map(one => backendOf(one).service))) {
      const share = shareOf(route, name);
      if (share) all.get(name)?.push({ route, share });
    }
  users.set(document, all);
  return all;
}

/** @param {Route} route @param {string} service */
export function shareOf(route, service) {
  if (route.suspended) return 0;
  const backends = (route.rules[0]?.backends ?? []).map(backendOf).filter(one => !one.suspended);
  const whole = backends.reduce((all, { weight }) => all + weight, 0);
  const own = backends.filter(one => one.service === service);
  return whole ? own.reduce((all, { weight }) => all + weight, 0) / whole : 0;
}

/** @param {World} world @param {number} second @returns {Flow} */
export function allFlow(world, second) {
  return sum(world.document.routes.map(route => flowOf(world, route, second)));
}

/** @param {World} world @param {string} of @param {number} window @returns {History} */
export function history(world, of, window) {
  const [kind = "all", name = ""] = of.split(/:(.*)/s);
  const now = Math.floor(Date.now() / 1000);
  const step = window > 120 ? 5 : 1;
  const service = (kind === "endpoint" ? name.split("@")[0] : name) ?? "";
  const points = Array.from({ length: Math.floor(window / step) }, (_, index) => {
    const at = (Math.floor(now / step) - Math.floor(window / step) + index + 1) * step;
    const then = asOf(world, at);
    const route = then.document.routes.find(one => one.name === name);
    const flow =
      kind === "all"
        ? allFlow(then, at)
        : kind === "route"
          ? route && flowOf(then, route, at)
          : serviceFlow(then, service, at);
    const { requests, p50_ms, p99_ms } = stats(flow ?? sum([]), 60, of, at);
    const rate = flow?.rate ?? 0;
    const errors_per_second = rate * Math.min(1, (flow?.fails ?? 0) * wobble(`${of}!`, at));
    const has = requests > 0;
    return {
      at,
      requests_per_second: rate,
      errors_per_second,
      p50_ms: has ? p50_ms : null,
      p99_ms: has ? p99_ms : null,
    };
  });
  return { step_seconds: step, points };
}

/** The world with the configuration that ran then, so that a change is seen where it was made. */
/** @param {World} world @param {number} second @returns {World} */
function asOf(world, second) {
  const kept = world.kept.findLast(({ about }) => Date.parse(about.at) <= second * 1000);
  return Object.create(world, { document: { value: kept?.document ?? world.document } });
}
