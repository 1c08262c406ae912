// @ts-check
/** @import { Configuration, Role, Session } from "../../src/api/types" */
import { readFileSync } from "node:fs";

import { unified } from "./diff.js";
import { graph } from "./graph.js";
import { history } from "./numbers.js";
import { explain, overview, send } from "./overview.js";
import { page } from "./requests.js";
import { effective, named, plugin, routeStatus, serviceStatus } from "./things.js";
import { compare, doctor, trace, whole } from "./traces.js";
import { Refusal, World } from "./world.js";

/** @typedef {{ role: string, start: string }} Me */
/** @typedef {{ method: string, path: string[], query: URLSearchParams, body: any }} Call */

const SCHEMA = new URL("../../../../config/schema.json", import.meta.url);

/** What the gateway answers to a call. */
/** @param {World} world @param {Me} me @param {Call} call @returns {unknown} */
export function answer(world, me, call) {
  const [first = "", name] = call.path;
  if (first === "session") return session(me, call);
  if (me.role === "none") throw new Refusal(401, "sign in to see this");
  if (call.method !== "GET") return change(world, me, call);
  const read = READS[name === undefined ? first : `${first}/:`];
  if (!read) throw new Refusal(404, `there is no \`${call.path.join("/")}\``);
  return read(world, call);
}

/** @type {Record<string, (world: World, call: Call) => unknown>} */
const READS = {
  overview: world => overview(world),
  graph: (world, { query }) => graph(world, seconds(query.get("window"), 60), when(query)),
  history: (world, { query }) =>
    history(world, query.get("of") ?? "all", seconds(query.get("window"), 600)),
  requests: (world, { query }) => page(world, query),
  "requests/:": (world, { path }) => whole(world, path[1] ?? ""),
  "traces/:": (world, { path, query }) =>
    path[1] === "compare"
      ? compare(world, query.get("a") ?? "", query.get("b") ?? "")
      : trace(world, path[1] ?? ""),
  doctor: world => doctor(world),
  telemetry: () => TELEMETRY,
  status: world => ({ version: "0.1.0", generation: world.generation, draining: false }),
  configuration: world => configuration(world),
  "configuration/:": (world, { path, query }) =>
    path[1] === "effective"
      ? effective(world, query.get("of") ?? "")
      : texts(world, Number(path[2])),
  schema: () => JSON.parse(readFileSync(SCHEMA, "utf8")),
  services: world => world.document.services.map(service => serviceStatus(world, service)),
  "services/:": (world, { path }) =>
    serviceStatus(world, named(world.document.services, "service", path[1] ?? "")),
  routes: world => world.document.routes.map(route => routeStatus(world, route)),
  "routes/:": (world, { path }) =>
    routeStatus(world, named(world.document.routes, "route", path[1] ?? "")),
  plugins: world => world.document.plugins.map(written => plugin(world, written)),
  "plugins/:": (world, { path, query }) =>
    pluginPart(world, path[1] ?? "", path[2], Number(query.get("after") ?? 0)),
  audit: world => ({ entries: world.audit }),
  explain: (world, { query }) => explain(world, query),
};

/** @param {World} world @param {string} name @param {string | undefined} of @param {number} after */
function pluginPart(world, name, of, after) {
  const written = named(/** @type {{ name: string }[]} */ (world.document.plugins), "plugin", name);
  if (of === "log") {
    const line = (/** @type {number} */ number) => ({
      number,
      at: new Date(Date.now() - (9 - number) * 800).toISOString(),
      level: number % 4 ? "info" : "warn",
      text: `request ${number} passed`,
    });
    const lines = Array.from({ length: 8 }, (_, at) => line(at + 1));
    return { lines: lines.filter(({ number }) => number > after), next: 8 };
  }
  if (of === "configuration")
    return { value: { realm: "fleet" }, path: ["plugins", { name }, "configuration"] };
  return plugin(world, written);
}

/** @param {World} world @param {Me} me @param {Call} call */
function change(world, me, { method, path, body }) {
  const what = path.join("/");
  if (what === "send") return send(world, body);
  if (what === "changes/preview") return world.preview(body);
  if (me.role !== "operator") throw new Refusal(403, "only an operator may change this");
  if (method === "POST" && what === "changes") {
    const applied = world.apply(body);
    world.log(what, 200, body.reason, `generation ${applied.generation}`);
    return applied;
  }
  if (path[0] === "plugins" && path[2] === "try") return tried(world, path[1] ?? "", body?.seq);
  if (path[0] === "plugins") {
    const reason = `${path[2]} of ${path[1]}`;
    return world.apply({ edits: [], reason });
  }
  throw new Refusal(404, `there is no \`${what}\``);
}

/** @param {World} world @param {string} name @param {number | undefined} seq */
function tried(world, name, seq) {
  const request = world.requests.find(one => one.seq === seq) ?? world.requests.at(-1);
  if (!request) throw new Refusal(404, "no request is kept yet");
  return {
    request,
    redacted: ["cookie"],
    outcome: "continues",
    words: `\`${name}\` lets the request go on.`,
    answer: null,
    request_changes: [{ header: "x-user", before: null, after: "7" }],
    response_changes: [],
    log: [{ level: "info", message: "passed" }],
    cost: [{ phase: "request_headers", us: 31 }],
  };
}

/** @param {Me} me @param {Call} call @returns {Session} */
function session(me, { method, body }) {
  if (method === "DELETE") me.role = "none";
  if (method === "POST") {
    const isRight = body?.token === "open-sesame" || body?.code === "demo";
    if (!isRight && me.start !== "automatic")
      throw new Refusal(
        401,
        body?.code ? "this code was used already, or is too old" : "this is not the token",
      );
    me.role = "operator";
  }
  const isIn = me.role !== "none";
  return {
    role: /** @type {Role} */ (me.role),
    name: isIn ? "local" : null,
    csrf: isIn ? "d2Vic2l0ZQ" : null,
    sign_in: me.start === "automatic" ? "automatic" : "token",
    hint: isIn
      ? null
      : "The token is in the file that the gateway names when it starts: `cat ~/.cache/portico/token`.",
  };
}

/** @param {World} world @returns {Configuration} */
function configuration(world) {
  return {
    running: world.kept.at(-1)?.about ?? null,
    rejected: world.rejected,
    history: world.kept.map(({ about }) => about),
    source: world.source,
    held: world.held,
  };
}

/** @param {World} world @param {number} number */
function texts(world, number) {
  const at = world.kept.findIndex(({ generation }) => generation === number);
  const found = world.kept[at];
  if (!found) throw new Refusal(404, `generation ${number} is not kept any more`);
  const source = world.source.path;
  const before = world.kept[at - 1];
  const diff = before ? unified(source, before.text, found.text) : "";
  return { ...found.about, texts: [{ source, text: found.text }], diff };
}

/** @param {URLSearchParams} query */
function when(query) {
  return Number(query.get("at") ?? 0) || Math.floor(Date.now() / 1000);
}

/** @param {string | null} text @param {number} otherwise */
function seconds(text, otherwise) {
  const found = /^(\d+)(s|m)?$/.exec(text ?? "");
  return found ? Number(found[1]) * (found[2] === "m" ? 60 : 1) : otherwise;
}

const TELEMETRY = {
  enabled: true,
  exporters: [],
  access_logs: [],
  receiver: {
    grpc: "127.0.0.1:4317",
    http: "127.0.0.1:4318",
    received: { connections: 0, spans: 0 },
  },
  store: { requests: { sample: 18, slow: 0, plugin: 0, failed: 30 }, bytes: 173_653 },
};
