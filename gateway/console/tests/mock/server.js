/**
 * Stands in for a gateway while pages are made, and in tests of states that are hard to reach:
 * node tests/mock/server.js [--scene empty|busy|broken|huge] [--port 31000] [--role operator]
 * [--api-only]
 *
 * Serves `dist/` with the policy that the gateway sends. Roles: operator, viewer, none (sign in
 * with the token `open-sesame` or the code `demo`), automatic.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { answer } from "./answers.js";
import { changes, graph } from "./graph.js";
import { overview } from "./overview.js";
import { arrive } from "./requests.js";
import { NAMES, scene } from "./scenes.js";
import { Refusal, World } from "./world.js";

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; font-src 'self'; worker-src 'self'";
const DIST = join(fileURLToPath(import.meta.url), "../../../dist");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const TICK_MS = 250;
/** What a page can show of requests as they come. */
const PARTICLES = 12;

/** Serves a scene until `close` is called; port 0 takes a free one. */
export async function serve({ name = "busy", port = 0, role = "operator", apiOnly = false } = {}) {
  const world = new World(scene(name));
  const me = { role: role === "automatic" ? "none" : role, start: role };
  // A page that opens finds the last minutes, not nothing.
  for (let turn = 0; turn < 40; turn += 1) arrive(world, 1, 8);
  world.requests.forEach((request, at, all) => (request.at_ms -= (all.length - at) * 900));
  const streams = new Set();
  const timer = setInterval(() => tick(world, streams), TICK_MS);
  world.onConfiguration = data => {
    for (const stream of streams) say(stream, "configuration", data);
    for (const stream of streams) say(stream, "overview", overview(world));
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://mock");
    if (url.pathname === "/api/v1/stream") return open(world, streams, response);
    if (url.pathname.startsWith("/api/")) return api(world, me, request, response, url);
    return apiOnly ? response.writeHead(404).end() : file(url.pathname, response);
  });
  await new Promise(listening => server.listen(port, "127.0.0.1", listening));
  const close = () => {
    clearInterval(timer);
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, world, close };
}

let turn = 0;

function tick(world, streams) {
  turn += 1;
  const particles = arrive(world, TICK_MS / 1000, PARTICLES);
  if (streams.size === 0) return;
  const now = graph(world, 10, Math.floor(Date.now() / 1000));
  for (const stream of streams) {
    // What is not read is not piled up: the page gets the next state instead.
    if (stream.writableNeedDrain) continue;
    if (stream.nodes !== now.nodes.length) say(stream, "graph", now);
    else say(stream, "graph_changes", changes(now, turn));
    stream.nodes = now.nodes.length;
    if (particles.length) say(stream, "requests", particles);
    if (turn % 4 === 0) say(stream, "overview", overview(world));
  }
}

function open(world, streams, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  streams.add(response);
  response.on("close", () => streams.delete(response));
  say(response, "overview", overview(world));
  const now = graph(world, 10, Math.floor(Date.now() / 1000));
  response.nodes = now.nodes.length;
  say(response, "graph", now);
}

function say(stream, event, data) {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

async function api(world, me, request, response, url) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const write = (status, body) => {
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    response.writeHead(status, headers).end(JSON.stringify(body));
  };
  const isJson = request.headers["content-type"] === "application/json";
  const body = isJson && text ? JSON.parse(text) : undefined;
  try {
    const path = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
    write(200, answer(world, me, { method: request.method, path, query: url.searchParams, body }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (request.method !== "GET")
      world.log(
        `${request.method} ${url.pathname}`,
        error.status,
        body?.reason ?? null,
        error.message,
      );
    write(error.status, { error: error.message, ...error.more });
  }
}

async function file(path, response) {
  const wanted = path === "/" ? "/index.html" : normalize(path);
  try {
    const content = await readFile(join(DIST, wanted));
    response.writeHead(200, {
      "content-type": TYPES[extname(wanted)] ?? "application/octet-stream",
      "content-security-policy": CSP,
      "cache-control": "no-store",
    });
    response.end(content);
  } catch {
    response.writeHead(404).end("not found; `npx vite build` makes dist/\n");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      scene: { type: "string", default: "busy" },
      port: { type: "string", default: "31000" },
      role: { type: "string", default: "operator" },
      "api-only": { type: "boolean", default: false },
    },
  });
  const { url } = await serve({
    name: values.scene,
    port: Number(values.port),
    role: values.role,
    apiOnly: values["api-only"],
  });
  console.log(`${url} shows the scene ${values.scene} (others: ${NAMES.join(", ")})`);
}
