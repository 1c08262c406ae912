// @ts-check
/** @import { Badge, Graph, GraphChanges, GraphLink, GraphNode, NodeKind, Stats } from "../../src/api/types" */
/** @import { World } from "./world.js" */
import { allFlow, backendOf, flowOf, serviceFlow, stats, sum } from "./numbers.js";
import { pluginOf } from "./things.js";

/** @param {World} world @param {number} window @param {number} second @returns {Graph} */
export function graph(world, window, second) {
  const drawing = new Drawing(world, window, second);
  const { document } = world;
  const whole = allFlow(world, second);
  if (whole.rate > 0) drawing.draw(document);
  return {
    at: second,
    window_seconds: window,
    since: second - 900,
    resolution_seconds: 1,
    nodes: drawing.nodes,
    links: drawing.links,
    sight: whole.rate > 0 ? document.services.slice(0, 20).map(({ name }) => sight(name)) : [],
    note: null,
  };
}

/** Of a full graph, the part that is sent this time. */
/** @param {Graph} now @param {number} turn @returns {GraphChanges} */
export function changes(now, turn) {
  const mine = (/** @type {unknown} */ _, /** @type {number} */ at) =>
    at % 4 === turn % 4 || now.nodes.length < 60;
  return {
    at: now.at,
    window_seconds: now.window_seconds,
    since: now.since,
    nodes: now.nodes.filter(mine),
    links: now.links.filter(mine),
    gone_nodes: [],
    gone_links: [],
    sight: null,
  };
}

class Drawing {
  /** @param {World} world @param {number} window @param {number} second */
  constructor(world, window, second) {
    this.world = world;
    this.window = window;
    this.second = second;
    /** @type {GraphNode[]} */
    this.nodes = [];
    /** @type {GraphLink[]} */
    this.links = [];
  }

  /** @param {World["document"]} document */
  draw(document) {
    const all = this.stats(allFlow(this.world, this.second), "all");
    this.node("client", "client", "clients", all, []);
    const listener = document.listeners[0]?.name ?? "web";
    this.node(`listener:${listener}`, "listener", listener, all, []);
    this.link("client", `listener:${listener}`, all);
    document.routes.forEach(route => this.route(route, listener));
    document.services.forEach(service => this.service(service));
  }

  /** @param {World["document"]["routes"][number]} route @param {string} listener */
  route(route, listener) {
    const flow = flowOf(this.world, route, this.second);
    const id = `route:${route.name}`;
    const own = this.stats(flow, route.name);
    const backends = (route.rules[0]?.backends ?? []).map(backendOf);
    /** @type {Badge[]} */
    const badges = [];
    if (route.timeout) badges.push({ kind: "timeout", words: `times out after ${route.timeout}` });
    if (route.suspended) badges.push({ kind: "suspended", words: `suspended: ${route.suspended}` });
    if (backends.length > 1) badges.push({ kind: "split", words: `${backends.length} backends` });
    for (const step of route.filters ?? [])
      badges.push({ kind: "plugin", words: `plugin ${pluginOf(step)}` });
    this.node(id, "route", route.name, own, badges);
    this.link(`listener:${listener}`, id, own);
    const whole = backends.reduce((all, { weight }) => all + weight, 0) || 1;
    for (const { service, weight } of backends) {
      const part = { ...flow, rate: (flow.rate * weight) / whole };
      this.link(id, `service:${service}`, this.stats(part, `${route.name}${service}`));
    }
  }

  /** @param {World["document"]["services"][number]} service */
  service(service) {
    const flow = serviceFlow(this.world, service.name, this.second);
    const id = `service:${service.name}`;
    /** @type {Badge[]} */
    const badges = service.suspended
      ? [{ kind: "suspended", words: `suspended: ${service.suspended}` }]
      : [];
    this.node(id, "service", service.name, this.stats(flow, service.name), badges);
    for (const endpoint of service.endpoints) {
      const address = typeof endpoint === "string" ? endpoint : endpoint.address;
      const part = this.stats({ ...flow, rate: flow.rate / service.endpoints.length }, address);
      const dead = (part.error_share ?? 0) > 0.9;
      /** @type {Badge[]} */
      const marks = dead ? [{ kind: "unhealthy", words: "does not accept connections" }] : [];
      this.node(`endpoint:${service.name}/${address}`, "endpoint", address, part, marks);
      this.link(id, `endpoint:${service.name}/${address}`, part);
    }
    if (service.name === "staff") this.far(id, flow.rate > 0 ? flow : sum([]));
  }

  /** @param {string} from @param {import("./numbers.js").Flow} flow */
  far(from, flow) {
    const own = this.stats(flow, "driver-db");
    this.node("far:driver-db", "far", "driver-db", own, []);
    this.link(from, "far:driver-db", own);
  }

  /** @param {import("./numbers.js").Flow} flow @param {string} name @returns {Stats} */
  stats(flow, name) {
    return stats(flow, this.window, name, this.second);
  }

  /** @param {string} id @param {NodeKind} kind @param {string} name @param {Stats} stats @param {Badge[]} badges */
  node(id, kind, name, stats, badges) {
    const in_flight = Math.round((stats.requests_per_second * (stats.p50_ms ?? 0)) / 1000);
    this.nodes.push({ id, kind, name, in_flight, stats, badges });
  }

  /** @param {string} from @param {string} to @param {Stats} stats */
  link(from, to, stats) {
    this.links.push({ from, to, stats });
  }
}

/** @param {string} service */
function sight(service) {
  const ends = service !== "staff";
  const words = ends
    ? `Sight ends at \`${service}\`: it reported no spans for 40 requests, so what it does and whom it calls is not known here. To see further, let it send OTLP to Portico's receiver, for example with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318.`
    : `\`${service}\` reports what it does.`;
  return {
    service,
    calls_itself: ends ? null : service,
    requests: 40,
    seen_inside: ends ? 0 : 40,
    ends_here: ends,
    words,
  };
}
