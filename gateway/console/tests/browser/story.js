/**
 * The story of the fleet, by mouse alone, on a real gateway: see what is slow, open the trace, set
 * the timeout, see it heal, undo. node tests/browser/story.js BIN [--screenshots DIR]
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

import { eventually, start, traffic } from "./fleet.js";
import { watch } from "./inspect.js";

const {
  values: { screenshots },
  positionals: [bin],
} = parseArgs({ options: { screenshots: { type: "string" } }, allowPositionals: true });

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) {
  console.log("skipped: no Chromium");
  process.exit(0);
}

const fleet = await start(bin);
const stop = traffic(fleet.gateway);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  await story(await browser.newPage({ viewport: { width: 1400, height: 900 } }));
} finally {
  await browser.close();
  await stop();
  await fleet.end();
}

async function story(page) {
  const heard = watch(page);
  const before = readFileSync(fleet.file, "utf8");
  const began = Date.now();
  const step = async (words, act) => {
    await act();
    console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${words}`);
    if (screenshots) await shoot(page, words);
  };
  await step("open the console", async () => {
    await page.goto(fleet.console);
    await page.getByText("The gateway is up").waitFor();
  });
  await step("it says what needs attention", () =>
    page
      .getByText(/has no timeout/)
      .first()
      .waitFor({ timeout: 20_000 }),
  );
  await step("the graph shows the slow service", async () => {
    await page.getByRole("link", { name: "Graph" }).click();
    await page.getByRole("button", { name: /staff/ }).first().waitFor();
    await page.getByRole("heading", { name: "Not well" }).waitFor();
  });
  await step("a slow request is found", async () => {
    await page.getByRole("link", { name: "Traces" }).click();
    await page
      .getByRole("link", { name: /\/api\/positions/ })
      .first()
      .click();
    await page.getByRole("heading", { name: "What happened" }).waitFor();
  });
  await step("its trace says who was waited for, and what to do", () =>
    page.getByRole("button", { name: "Set timeout: 1s on route staff" }).click(),
  );
  await step("the difference is shown", async () => {
    const dialog = page.getByRole("dialog");
    await dialog.getByText("timeout: 1s", { exact: false }).first().waitFor();
    assert.equal(readFileSync(fleet.file, "utf8"), before, "nothing is written yet");
    await dialog.getByRole("button", { name: /^Apply/ }).click();
  });
  await step("it is live, and in the file", async () => {
    await page.getByRole("button", { name: "Undo" }).waitFor();
    const now = readFileSync(fleet.file, "utf8");
    assert.match(now, /^ {4}timeout: 1s$/m);
    assert.match(now, /# timeout: 1s/, "comments stay");
  });
  await step("the vehicles move again", () =>
    eventually(async () => {
      const asked = Date.now();
      const answer = await fetch(`${fleet.gateway}api/positions`);
      return answer.ok && Date.now() - asked < 2_000;
    }),
  );
  await step("undone with one click", async () => {
    await page.getByRole("button", { name: "Undo" }).click();
    await eventually(() => readFileSync(fleet.file, "utf8") === before);
  });
  const trouble = heard.take({ isGone: false });
  assert.deepEqual(trouble, [], "the page complained");
}

async function shoot(page, words) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${words.replace(/\W+/g, "-")}.png`) });
}
