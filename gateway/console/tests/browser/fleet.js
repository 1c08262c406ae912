/** A real gateway with the fleet demo behind it, on ports that the system chose, until it is ended. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));

/** Where the shipped configuration expects the fleet's services. */
const SHIPPED = {
  web: "127.0.0.1:32001",
  "position-tracker": "127.0.0.1:32002",
  "vehicle-telemetry": "127.0.0.1:32003",
  staff: "127.0.0.1:32004",
};

const PATIENCE_MS = 20_000;

/** Starts both; `bin` holds `portico` and `fleet`. `staff` hangs for some seconds, always. */
export async function start(bin) {
  const folder = mkdtempSync(join(tmpdir(), "portico-console-"));
  const file = join(folder, "portico.yaml");
  writeFileSync(file, "listeners: [{ name: web, address: '127.0.0.1:0' }]\n");
  const children = [];
  const run = (program, args) => {
    const child = spawn(join(bin, program), args, {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, XDG_RUNTIME_DIR: folder },
    });
    children.push(child);
    return createInterface({ input: child.stdout });
  };
  const end = async () => {
    const ended = children.map(child => new Promise(done => child.once("exit", done)));
    children.forEach(child => child.kill("SIGKILL"));
    await Promise.all(ended);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const banner = run("portico", ["run", "--config", file, "--admin", "127.0.0.1:0"]);
    const port = await said(banner, /admin API\s+\S+:(\d+)/);
    const console = `http://127.0.0.1:${port}`;
    const gateway = await eventually(() => address(console));
    // What stands in the file is what serves from then on, and where it serves stays.
    const fixed = gateway.replace("http://localhost", "127.0.0.1").replace(/\/$/, "");
    const ports = await services(
      run("fleet", [
        ...["all", "--ports-from", "0", "--hang-rate", "1", "--hang", "3s..4s"],
        ...["--gateway", `http://${fixed}`],
      ]),
    );
    writeFileSync(file, configuration(fixed, ports));
    await eventually(async () => (await fetch(gateway)).status === 200);
    return { console, gateway, file, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Requests as the map's page makes them, until it is stopped. */
export function traffic(gateway) {
  const paths = ["", "api/positions", "api/telemetry", "api/telemetry"];
  let stopped = false;
  const loops = paths.map(async path => {
    while (!stopped) {
      await fetch(gateway + path).then(
        answer => answer.arrayBuffer(),
        () => {},
      );
      await new Promise(wake => setTimeout(wake, 250));
    }
  });
  return async () => {
    stopped = true;
    await Promise.all(loops);
  };
}

/** Asks again until it is so. */
export async function eventually(ask) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const [found, error] = await Promise.resolve(ask()).then(
      found => [found, null],
      error => [null, error],
    );
    if (found) return found;
    if (Date.now() > end) throw new Error(`it did not come to be: ${error ?? ask}`);
    await new Promise(wake => setTimeout(wake, 50));
  }
}

async function address(console) {
  const answer = await fetch(`${console}/api/v1/overview`);
  return (await answer.json()).addresses[0]?.url;
}

function said(lines, pattern) {
  return new Promise((found, missed) => {
    lines.on("line", line => {
      const match = pattern.exec(line);
      if (match) found(match[1]);
    });
    lines.on("close", () => missed(new Error(`the gateway has ended without saying ${pattern}`)));
  });
}

function services(lines) {
  const found = {};
  return new Promise((all, missed) => {
    lines.on("line", line => {
      const [service, at] = line.split("=");
      if (service in SHIPPED) found[service] = at;
      if (Object.keys(found).length === Object.keys(SHIPPED).length) all(found);
    });
    lines.on("close", () => missed(new Error("the fleet has ended")));
  });
}

/** The shipped one, with these ports. */
function configuration(gateway, ports) {
  let text = readFileSync(join(REPOSITORY, "config/default.yaml"), "utf8");
  text = text.replace("0.0.0.0:30080", gateway).replace(/127\.0\.0\.1:431[78]/g, "127.0.0.1:0");
  for (const [service, shipped] of Object.entries(SHIPPED)) {
    if (!text.includes(shipped)) throw new Error(`${service} is not at ${shipped} any more`);
    text = text.replace(shipped, ports[service]);
  }
  return text;
}
