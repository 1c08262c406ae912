// @ts-check
/**
 * The four states in which pages are looked at. A scene is a configuration and how its services
 * behave; what the console is told follows from both.
 *
 * @typedef {{ name: string, hosts?: string[], timeout?: string, suspended?: string,
 *   filters?: { plugin: string | PluginStep }[], rules: Rule[] }} Route
 * @typedef {{ name: string, disabled?: boolean }} PluginStep
 * @typedef {{ name?: string, matches?: { path: { prefix: string } }[],
 *   backends: (string | Backend)[], timeout?: string }} Rule
 * @typedef {{ service: string, weight?: number, suspended?: string }} Backend
 * @typedef {{ address: string, weight?: number, suspended?: string }} Endpoint
 * @typedef {{ name: string, connect_timeout?: string, suspended?: string,
 *   endpoints: (string | Endpoint)[] }} Service
 * @typedef {{ listeners: { name: string, address: string }[], services: Service[],
 *   plugins: ({ name: string } & Record<string, unknown>)[], routes: Route[] }} Document
 *
 * How a service answers: `hangs` is the share of requests that take `hang_ms`.
 * @typedef {{ p50: number, p99: number, fails: number, hangs?: number, hang_ms?: number,
 *   dead?: string, waits_for?: string }} Behaviour
 * @typedef {{ name: string, document: Document, behaviours: Record<string, Behaviour>,
 *   rates: Record<string, number>, is_broken: boolean, writable: boolean }} Scene
 */

export const NAMES = ["empty", "busy", "broken", "huge"];

/** @param {string} name @returns {Scene} */
export function scene(name) {
  const fleet = {
    name,
    document: fleetDocument(),
    behaviours: FLEET,
    rates: RATES,
    is_broken: false,
    writable: true,
  };
  if (name === "empty") return { ...fleet, rates: {} };
  if (name === "busy") return fleet;
  if (name === "broken") return { ...fleet, ...broken(), is_broken: true, writable: false };
  if (name === "huge") return { ...fleet, ...huge() };
  throw new Error(`no scene \`${name}\`: ${NAMES.join(", ")}`);
}

/** @type {Record<string, Behaviour>} */
const FLEET = {
  web: { p50: 0.6, p99: 4, fails: 0 },
  "position-tracker": { p50: 2, p99: 8, fails: 0, waits_for: "staff" },
  "vehicle-telemetry": { p50: 1.8, p99: 21, fails: 0.004 },
  staff: { p50: 3, p99: 40, fails: 0, hangs: 0.8, hang_ms: 19_000 },
};

const RATES = { web: 6.2, positions: 3.1, telemetry: 9.4, staff: 3.1 };

/** @returns {Document} */
function fleetDocument() {
  /** @type {(name: string, port: number) => Service} */
  const service = (name, port) => ({ name, endpoints: [`127.0.0.1:${port}`] });
  /** @type {(name: string, prefix: string | null, to: string) => Route} */
  const route = (name, prefix, to) => ({
    name,
    filters: [{ plugin: "tracing" }],
    rules: [{ ...(prefix && { matches: [{ path: { prefix } }] }), backends: [to] }],
  });
  return {
    listeners: [{ name: "web", address: "0.0.0.0:30080" }],
    services: [
      service("web", 32001),
      service("position-tracker", 32002),
      service("vehicle-telemetry", 32003),
      service("staff", 32004),
    ],
    plugins: [{ name: "tracing", bundled: "tracing", on_failure: "open" }],
    routes: [
      route("staff", "/api/staff", "staff"),
      route("positions", "/api/positions", "position-tracker"),
      route("telemetry", "/api/telemetry", "vehicle-telemetry"),
      route("web", null, "web"),
    ],
  };
}

/** A service without a living endpoint, one half dead, one suspended, and a plugin that traps. */
function broken() {
  const document = fleetDocument();
  const [, tracker, telemetry, staff] = document.services;
  if (tracker) tracker.endpoints = ["127.0.0.1:32002", "10.1.0.17:8080"];
  if (telemetry) telemetry.endpoints = ["telemetry.fleet.svc:8080"];
  if (staff) staff.suspended = "hangs for 20 s, see INC-4711; back when it is fixed";
  document.plugins.push({
    name: "auth",
    file: "../filters/auth.wasm",
    on_failure: "closed",
    canary: { file: "../filters/auth-2.wasm", percent: 10 },
  });
  document.routes[3]?.filters?.push({ plugin: "auth" });
  /** @type {Record<string, Behaviour>} */
  const behaviours = {
    ...FLEET,
    web: { p50: 0.9, p99: 12, fails: 0.38 },
    "position-tracker": { p50: 2, p99: 1_800, fails: 0.46 },
    "vehicle-telemetry": {
      p50: 0.4,
      p99: 1.2,
      fails: 1,
      dead: "all 212 of its last attempts failed: connection refused",
    },
  };
  return { document, behaviours };
}

/** 200 services and about 2,000 edges: what the graph must bear. */
function huge() {
  const names = Array.from({ length: 200 }, (_, at) => `${WORDS[at % WORDS.length]}-${at}`);
  /** @type {Document} */
  const document = {
    ...fleetDocument(),
    services: names.map((name, at) => ({ name, endpoints: [`10.2.${at >> 6}.${at & 63}:8080`] })),
    routes: Array.from({ length: 60 }, (_, at) => ({
      name: `route-${at}`,
      hosts: [`${WORDS[at % WORDS.length]}.example.com`],
      filters: [{ plugin: "tracing" }],
      rules: [
        {
          matches: [{ path: { prefix: `/v1/${at}` } }],
          backends: Array.from({ length: 29 }, (_, to) => ({
            service: names[(at * 7 + to * 11) % 200] ?? "",
            weight: 1 + ((at + to) % 5),
          })),
        },
      ],
    })),
  };
  /** @type {Record<string, Behaviour>} */
  const behaviours = {};
  names.forEach((name, at) => {
    behaviours[name] = {
      p50: 1 + (at % 17),
      p99: 8 + (at % 41) * 6 + (at % 37 === 0 ? 2_500 : 0),
      fails: at % 23 === 0 ? 0.12 : at % 7 === 0 ? 0.013 : 0,
    };
  });
  const rates = Object.fromEntries(
    document.routes.map(({ name }, at) => [name, 1 + (at % 12) ** 2]),
  );
  return { document, behaviours, rates };
}

const WORDS = [
  "cart",
  "search",
  "ledger",
  "mail",
  "stock",
  "image",
  "price",
  "login",
  "tax",
  "feed",
];
