/**
 * Opens every page in every state at three widths, and fails on what nobody should have to see:
 * node tests/browser/run.js [--screenshots DIR] [--scene NAME]… [--page ADDRESS]… [--theme dark]
 *
 * Needs `dist/` (`npx vite build`) and Chromium (CHROMIUM, or /usr/bin/chromium).
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

import { serve } from "../mock/server.js";
import { inspect, watch } from "./inspect.js";

const CONSOLE = fileURLToPath(new URL("../..", import.meta.url));
const WIDTHS = [390, 1024, 1500];
/** Pages at once: the browser's processes share the machine's. */
const AT_ONCE = 4;
/** How long a page may take until nothing on it says that it loads. */
const SETTLE_MS = 5_000;

/** The scenes of the mock, and one without a session. */
const STATES = ["empty", "busy", "broken", "huge", "signed-out"];

const { values: wanted } = parseArgs({
  options: {
    screenshots: { type: "string" },
    scene: { type: "string", multiple: true, default: STATES },
    page: { type: "string", multiple: true },
    theme: { type: "string" },
  },
});

/** Every address of `pages.ts`, with names of this world in place of `:`. */
function addresses(world, state) {
  const text = readFileSync(join(CONSOLE, "src/pages.ts"), "utf8");
  const examples = {
    "routes/:": world.document.routes[0].name,
    "services/:": world.document.services[0].name,
    "plugins/:": world.document.plugins.at(-1).name,
    "traces/:": world.requests.at(-1)?.seq ?? 1,
    "configuration/:": 1,
    "sign-in/:": "demo",
  };
  // The newest: older ones may be gone before the page is opened.
  const [one, two] = world.requests.slice(-2).map(({ seq }) => seq);
  const queries = {
    "traces/compare": `?a=${one ?? 1}&b=${two ?? 2}`,
    explain: "?url=http://localhost:30080/api/staff",
  };
  const found = [...text.matchAll(/address: "([^"]*)"/g)].map(([, address]) => address);
  return (
    found
      .filter(address => !wanted.page || wanted.page.includes(address))
      // Whoever is not signed in sees the same form everywhere.
      .filter(address => state !== "signed-out" || ["", "sign-in"].includes(address))
      .map(address => {
        const example = examples[address];
        if (address.includes(":") && example === undefined)
          throw new Error(`run.js has no example for the page \`${address}\``);
        const path = address.replace(":", example);
        return { address, to: `/${path}${queries[address] ?? ""}` };
      })
  );
}

/** One reader, who walks through all pages of a state. */
async function walk(browser, { state, width, theme, url, world }) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const trouble = [];
  const heard = watch(page);
  for (const { address, to } of addresses(world, state)) {
    await page.goto(`${url}#${to}`);
    await settle(page);
    const isGone = state === "empty" && address.startsWith("traces/");
    const found = [
      ...heard.take({ isGone }),
      ...(await inspect(page, { deep: isDeep(state, width) })),
    ];
    const name = `${state}-${width}-${theme}-${address.replaceAll("/", "-").replace(":", "one") || "overview"}`;
    if (wanted.screenshots) {
      const path = join(wanted.screenshots, `${name}.png`);
      await page.screenshot({ path, fullPage: state !== "huge" });
    }
    trouble.push(...found.map(words => `${name}: ${words}`));
  }
  await context.close();
  return trouble;
}

async function settle(page) {
  await page
    .waitForFunction(() => document.querySelector("h1") && !document.querySelector(".loading"), {
      timeout: SETTLE_MS,
    })
    .catch(() => {});
  // Two frames: what was loaded is drawn.
  await page.evaluate(
    () => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
  if (wanted.screenshots) await page.waitForTimeout(700);
}

/**
 * Axe takes most of the time, and finds at the middle width, and in many rows, what it finds
 * elsewhere.
 */
function isDeep(state, width) {
  return width !== 1024 && (state !== "huge" || width === 1500);
}

/** Both themes are seen at every width and in every state, without doubling the time. */
function themeOf(state, width) {
  if (wanted.theme) return wanted.theme;
  return (STATES.indexOf(state) + WIDTHS.indexOf(width)) % 2 ? "light" : "dark";
}

async function main() {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) return console.log("skipped: no Chromium");
  if (!existsSync(join(CONSOLE, "dist/index.html"))) throw new Error("no dist/: npx vite build");
  if (wanted.screenshots) mkdirSync(wanted.screenshots, { recursive: true });
  const began = Date.now();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const mocks = await Promise.all(
    wanted.scene.map(async state => {
      const isOut = state === "signed-out";
      const mock = await serve({ name: isOut ? "busy" : state, role: isOut ? "none" : "operator" });
      return { state, ...mock };
    }),
  );
  const readers = mocks.flatMap(mock =>
    WIDTHS.map(width => ({ ...mock, width, theme: themeOf(mock.state, width) })),
  );
  const trouble = [];
  const next = async () => {
    for (let reader = readers.shift(); reader; reader = readers.shift())
      trouble.push(...(await walk(browser, reader)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  await browser.close();
  mocks.forEach(({ close }) => close());
  report(trouble, Date.now() - began);
}

function report(trouble, took) {
  trouble.sort().forEach(words => console.error(words));
  const seconds = Math.round(took / 1000);
  console.log(
    `${trouble.length ? `${trouble.length} problems` : "every page is well"}, ${seconds} s`,
  );
  process.exitCode = trouble.length ? 1 : 0;
}

await main();
